// Where figures are drawn outside browsers.

import { parseHTML } from 'linkedom';

/** A document that holds nothing. */
export function newDocument(): unknown {
  return parseHTML('<!doctype html><html><body></body></html>').document;
}
