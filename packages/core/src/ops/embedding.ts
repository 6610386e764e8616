import { MaNetError } from '../errors.ts';
import type { Initializer } from '../init.ts';
import type { Op } from '../op.ts';
import { text } from '../shapes.ts';

export interface EmbeddingOptions {
  readonly tokens: number;
  readonly width: number;
  readonly init: Initializer;
}

/** A learned value that is the same for every image, [1, tokens, width]: the parameter `name`. */
export const embedding: Op<EmbeddingOptions> = {
  kind: 'embedding',
  describe(on, name, _, { tokens, width: asked, init }) {
    const width = on.width(name, 2, asked);
    const shape = [1, on.whole('tokens', tokens, 1), width];
    on.declare({ name, kind: 'embedding', shape, init, positions: 0 });
    const made = { shape: [tokens, width], spaces: [on.space(name, width, name)], stride: 0 };
    on.attach(made, name, 2, 'write');
    return made;
  },
  execute(on, name, _, { tokens }) {
    const learned = on.param(name);
    if (learned.shape[1] === tokens) return learned;
    throw new MaNetError(
      'shape-mismatch',
      `Images of this size need ${tokens} tokens, but "${name}" is ${text(learned.shape)}.`,
      { where: `layer "${name}"`, hint: 'use images of the size that the network was made for.' },
    );
  },
};
