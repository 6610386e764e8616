// What a plan costs, by the measure that runs of its task are compared by.

/** Part of a measure that may go before it is called most of it. */
const MOST = 0.5;

/** Whether a plan costs most of what was learned: half of a measure that should be large, or as much again of one that should be small. */
export function costsMost(before: number, after: number, better: 'larger' | 'smaller'): boolean {
  return better === 'larger' ? after < MOST * before : MOST * after > before;
}
