/** What an adapter says about itself. Browsers call a software renderer a fallback adapter. */
export interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

/** Whether the adapter is a processor pretending to be a GPU: correct, and far slower than `onnx`. */
export function isSoftware(info: AdapterInfo): boolean {
  const named = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(named);
}

export function describeAdapter({ vendor, architecture, device, description }: AdapterInfo): string {
  const kind = [vendor, architecture].filter(Boolean).join(' ');
  const name = description || device;
  if (!name) return kind || 'a GPU without a name';
  return kind === '' ? name : `${name} (${kind})`;
}
