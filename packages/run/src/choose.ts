// A part by the name that a person gives it: its id, or what stands behind the `#` where only one package has it.

import {
  type AnyPart,
  fieldsAt,
  findPart,
  type Installed,
  MaNetError,
  type PartKind,
  partsOfKind,
  suggestion,
  type Use,
} from '@ma-net/core';

/** `ma-net` of `@ma-net/method-ma-net#ma-net`. */
export function shortName({ use }: Pick<Use<unknown>, 'use'>): string {
  return use.slice(use.indexOf('#') + 1);
}

/** The part called `name`, of the installed ones. Throws `unknown-name`, and `bad-argument` where several are. */
export async function partNamed(name: string, slot: PartKind, installed: Installed): Promise<AnyPart> {
  if (name.includes('#')) return findPart(name, slot, installed, slot);
  const parts = await partsOfKind(slot, installed);
  const [part, ...others] = parts.filter(({ id }) => shortName({ use: id }) === name);
  if (part === undefined) {
    throw new MaNetError('unknown-name', `There is no ${slot} called "${name}".`, {
      where: slot,
      hint: suggestion(
        name,
        parts.map(({ id }) => shortName({ use: id })),
      ),
    });
  }
  if (others.length === 0) return part;
  throw new MaNetError('bad-argument', `Several packages have a ${slot} called "${name}".`, {
    where: slot,
    hint: `name one of ${[part, ...others].map(({ id }) => id).join(', ')}.`,
  });
}

/** A choice of `part` in place of another, with the options of that one that it has and accepts as well. */
export function inPlaceOf({ use: _, ...before }: Use<unknown>, { id, schema }: AnyPart): Use<unknown> {
  const known = fieldsAt(schema, [], before);
  const carried = Object.entries(before).filter(([field]) => known.includes(field));
  const refused =
    schema.safeParse(Object.fromEntries(carried)).error?.issues.map(({ path }) => path[0]) ?? [];
  return { use: id, ...Object.fromEntries(carried.filter(([field]) => !refused.includes(field))) };
}
