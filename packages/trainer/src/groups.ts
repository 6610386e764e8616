// Parameter groups: which parameters are trained at another rate, decay less, or stay.

import { MaNetError, type Optimization, type ParameterGroup, type ParameterSpec } from '@ma-net/core';

/** What a parameter's rate and decay are multiplied with. */
export interface Scale {
  readonly rate: number;
  readonly decay: number;
  readonly frozen: boolean;
}

export type Scales = ReadonlyMap<string, Scale>;

/** A parameter as far as groups know it. */
export type Named = Pick<ParameterSpec, 'name'> & Partial<Pick<ParameterSpec, 'kind'>>;

const KERNELS: readonly (ParameterSpec['kind'] | undefined)[] = ['conv', 'depthwise', 'dense'];

/** The scale of every parameter that does not have the usual one. Throws `bad-argument` for a group that fits nothing. */
export function scalesOf(parameters: readonly Named[], { decay = 'all', groups = [] }: Optimization): Scales {
  for (const [i, group] of groups.entries()) checkGroup(group, i, parameters);
  const scales = parameters.map(({ name, kind }): [string, Scale] => {
    const group = groups.find((g) => fits(g, { name, ...(kind === undefined ? {} : { kind }) }));
    const { rate = 1, decay: factor = 1, frozen = false } = group ?? {};
    const spared = decay === 'kernels' && kind !== undefined && !KERNELS.includes(kind);
    return [name, { rate, decay: spared ? 0 : factor, frozen }];
  });
  return new Map(scales.filter(([, { rate, decay: d, frozen }]) => rate !== 1 || d !== 1 || frozen));
}

function fits({ match, kind }: ParameterGroup, parameter: Named): boolean {
  if (kind !== undefined && parameter.kind !== kind) return false;
  return match === undefined || pattern(match).test(parameter.name);
}

/** `*` stands for anything, every other character for itself. */
function pattern(match: string): RegExp {
  const escaped = match.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`);
}

function checkGroup(group: ParameterGroup, i: number, parameters: readonly Named[]): void {
  const refuse = (message: string, hint: string): never => {
    throw new MaNetError('bad-argument', message, { where: `parameter group ${i + 1}`, hint });
  };
  for (const field of ['rate', 'decay'] as const) {
    const factor = group[field];
    if (factor !== undefined && !(factor >= 0 && Number.isFinite(factor)))
      refuse(`${field} is ${factor}; expected a factor of at least 0.`, 'leave it out for 1.');
  }
  if (parameters.some((parameter) => fits(group, parameter))) return;
  const asked = [group.match, group.kind].filter((part) => part !== undefined).join(', kind ');
  const some = parameters.slice(0, 5).map(({ name }) => name);
  refuse(`No parameter fits "${asked}".`, `"*" stands for anything; names are such as ${some.join(', ')}.`);
}
