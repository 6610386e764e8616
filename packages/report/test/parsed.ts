// A figure, read again as a browser reads it.

import { parseHTML } from 'linkedom';

export interface Node {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node>;
}

/** The first element of markup. */
export function parsed(markup: string): Node {
  return parseHTML(`<!doctype html><html><body>${markup}</body></html>`).document.body as unknown as Node;
}

/** All elements of a name, or that a selector finds. */
export const all = (node: Node, selector: string): Node[] => [...node.querySelectorAll(selector)];
