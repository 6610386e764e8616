// Files that are often taken for another: each is known by its first bytes.

const text = (value: string): number[] => [...new TextEncoder().encode(value)];

/** The first bytes of a file, and what it is then. `undefined` stands for any byte. */
const KINDS: readonly (readonly [readonly (number | undefined)[], string])[] = [
  [text('version https://git-lfs'), 'a pointer of Git LFS, in place of the file it stands for'],
  [text('PK\u0003\u0004'), 'a zip archive, as PyTorch writes with torch.save'],
  [[0x80, undefined, 0x8a, 0x0a], 'a pickle, as older versions of PyTorch write with torch.save'],
  [[0x80, 0x02], 'a Python pickle'],
  [[0x80, 0x03], 'a Python pickle'],
  [[0x80, 0x04], 'a Python pickle'],
  [[0x80, 0x05], 'a Python pickle'],
  [[0x89, ...text('HDF')], 'an HDF5 file, as Keras writes'],
  [text('GGUF'), 'a GGUF file'],
  [[0x93, ...text('NUMPY')], 'an array of NumPy'],
  [[0x1f, 0x8b], 'compressed with gzip'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed with zstd'],
  [text('%PDF'), 'a PDF'],
  [[0x89, ...text('PNG')], 'an image'],
  [[0xff, 0xd8, 0xff], 'an image'],
];

/** What a file is, by its first bytes; undefined when they say nothing. Some hundred bytes are enough. */
export function kindOfFile(first: Uint8Array): string | undefined {
  const known = KINDS.find(([bytes]) =>
    bytes.every((byte, i) => i < first.length && (byte === undefined || first[i] === byte)),
  );
  if (known !== undefined) return known[1];
  const start = new TextDecoder('latin1').decode(first.subarray(0, 200)).trimStart();
  if (/^(<!doctype html|<html|<head|<body)/i.test(start)) return 'a page of HTML';
  if (/^<(\?xml|[a-z])/i.test(start)) return 'XML or HTML';
  if (/^[{[]\s*(["{[\]}]|-?\d)/.test(start)) return 'JSON';
  return undefined;
}
