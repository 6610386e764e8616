// A run whose mini-batches several ranks share. Rank 0 opens the run, tells the others what it is, and writes; they train
// along, and need neither its directory nor its checkpoints.

import { type Batch, type Installed, MaNetError, parseJson, type Ranks } from '@ma-net/core';
import { ownVersion } from '@ma-net/core/node';
import { decodeCheckpoint, encodeCheckpoint, fit, type Run, type TrainingState } from '@ma-net/trainer';
import { splitsOf } from './facts.ts';
import { type OpenRun, openClosedRun, openRunData, knownOf, runOf } from './open.ts';
import { parseRecipe, type Recipe } from './recipe.ts';
import { changesBetween } from './recipe-changes.ts';

/** What rank 0 tells the others before anything is trained. */
interface Invitation {
  readonly version: string;
  /** As it was typed, where a new run is begun. */
  readonly asked?: Recipe;
  readonly recipe: Recipe;
  readonly data: unknown;
}

/** How a run shares its mini-batches. */
export const sharingOf = <B extends Batch>(
  { recipe }: Pick<OpenRun<B>, 'recipe'>,
  ranks: Ranks,
): NonNullable<Run<B>['sharing']> => ({ ranks, syncBatchNorm: recipe.syncBatchNorm === true });

/**
 * Takes the other ranks along, as rank 0: `open` and `state` are theirs too when it returns. `asked`: the recipe as it was
 * typed, where this is a new run. Throws `bad-recipe` where a mini-batch cannot be shared, or a rank has another version,
 * recipe or data, or cannot open them; nothing is trained then.
 */
export async function leadRanks<B extends Batch>(
  {
    open,
    asked,
    state,
  }: { readonly open: OpenRun<B>; readonly asked?: Recipe; readonly state: TrainingState },
  ranks: Ranks,
): Promise<void> {
  const { recipe, data, source, network } = open;
  refuseUnequal(recipe, ranks);
  const invitation: Invitation = {
    version: ownVersion(),
    ...(asked === undefined ? {} : { asked }),
    recipe: recipe as Recipe,
    data: splitsOf(data),
  };
  await ranks.broadcast(new TextEncoder().encode(JSON.stringify(invitation)));
  const answers = await ranks.gather('');
  const refusing = answers.findIndex((words) => words !== '');
  if (refusing !== -1) {
    throw new MaNetError('bad-recipe', `Rank ${refusing} cannot take part. ${answers[refusing]!}`, {
      where: `rank ${refusing}`,
      hint: 'start all ranks with the same version, command and data.',
    });
  }
  await ranks.broadcast(await encodeCheckpoint(state, source, network));
}

function refuseUnequal({ batchSize }: Pick<Recipe, 'batchSize'>, { size }: Ranks): void {
  if (batchSize % size === 0) return;
  throw new MaNetError(
    'bad-recipe',
    `A mini-batch of ${batchSize} cannot be shared equally by ${size} ranks.`,
    {
      where: 'batchSize',
      hint: `set a batch size that ${size} divides, such as ${Math.ceil(batchSize / size) * size}, or start another number of ranks.`,
    },
  );
}

/** A run that rank 0 leads. */
export interface Invited {
  readonly open: OpenRun;
  readonly state: TrainingState;
}

/**
 * Opens the run that rank 0 leads, as another rank: with its own data in `folder`, where one is given. `asked`: the
 * recipe as it was typed here. Undefined where some rank cannot take part: rank 0 says why.
 */
export async function followRanks(
  ranks: Ranks,
  {
    installed,
    asked,
    folder,
  }: { readonly installed: Installed; readonly asked?: Recipe; readonly folder?: string },
): Promise<Invited | undefined> {
  const where = 'rank 0';
  const invitation = parseJson(await ranks.broadcast(), {
    what: 'What rank 0 says',
    where,
    hint: 'start all ranks with the same version.',
  }) as Invitation;
  let open: OpenRun | undefined;
  let answer = '';
  try {
    open = await accepted(invitation, { installed, ...(asked === undefined ? {} : { asked }), folder });
  } catch (error) {
    answer = error instanceof Error ? error.message : String(error);
  }
  const answers = await ranks.gather(answer);
  if (open === undefined || answers.some((words) => words !== '')) {
    await open?.source.close();
    return undefined;
  }
  const { state, source } = decodeCheckpoint(await ranks.broadcast(), open, where);
  open.source.restore(source);
  return { open, state };
}

async function accepted(
  { version, asked: leading, recipe: given, data: splits }: Invitation,
  { installed, asked, folder }: { installed: Installed; asked?: Recipe; folder: string | undefined },
): Promise<OpenRun> {
  const own = ownVersion();
  if (version !== own) throw refusal(`Its version is ${own}; rank 0 has ${version}.`);
  if (leading !== undefined && asked !== undefined) {
    const changes = changesBetween(withoutPlace(leading), withoutPlace(asked));
    if (changes.length > 0) throw refusal(`Its recipe is another one: ${changes[0]!}.`);
  }
  const placed = folder === undefined ? given : { ...given, data: { ...given.data, path: folder } };
  const recipe = await parseRecipe(placed, 'rank 0', installed);
  const data = await openRunData(recipe, installed);
  const changes = changesBetween(splits, JSON.parse(JSON.stringify(splitsOf(data.data))));
  if (changes.length > 0) {
    await data.source.close();
    throw refusal(`Its data are others: ${changes[0]!}.`);
  }
  // The weights come from rank 0.
  return { ...(await openClosedRun(recipe, installed, knownOf(data), { fresh: false })), ...data };
}

const refusal = (words: string): MaNetError => new MaNetError('bad-recipe', words);

/** Where the data lie may differ from machine to machine. */
const withoutPlace = ({ data, ...rest }: Recipe): unknown => {
  const { path: _, ...others } = data as Readonly<Record<string, unknown>>;
  return { ...rest, data: others };
};

/** Trains this rank's part from `state` on; rank 0 evaluates and saves. */
export async function trainPart({ open, state }: Invited, ranks: Ranks, signal?: AbortSignal): Promise<void> {
  const { evaluationBatches: _, validationBatches: __, ...run } = runOf(open);
  await fit({
    ...run,
    state,
    listen: () => undefined,
    sharing: sharingOf(open, ranks),
    ...(signal === undefined ? {} : { signal }),
  });
}
