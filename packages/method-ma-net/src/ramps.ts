// How competition and budget grow over the modulated phase (section 9). All are functions of the
// mini-batch, so a resumed run needs no state for them.

export interface Ramp {
  /** P: mini-batches of the plain phase. */
  readonly plain: number;
  /** B: mini-batches in all. */
  readonly budget: number;
  /** Part of the modulated phase after which nothing grows any more. */
  readonly ramp: number;
}

/** e = clamp((b - P) / (ramp (B - P)), 0, 1). */
export function progress(b: number, { plain, budget, ramp }: Ramp): number {
  if (budget <= plain) return 0;
  return Math.min(1, Math.max(0, (b - plain) / (ramp * (budget - plain))));
}

/** T(b) = T_end e: the gates leave the identity slowly. */
export function competitionAt(b: number, ramp: Ramp, end: number): number {
  return end * progress(b, ramp);
}

/** rho(b) = rho (1 - (1 - e)^3): the part of the modulated parameters that may be gone by now. */
export function removedAt(b: number, ramp: Ramp, rho: number): number {
  return rho * (1 - (1 - progress(b, ramp)) ** 3);
}

/** Whether masks may still change: they freeze after `freeze` of the modulated phase. */
export function masksMayChange(b: number, { plain, budget }: Ramp, freeze: number): boolean {
  return b - plain <= freeze * (budget - plain);
}
