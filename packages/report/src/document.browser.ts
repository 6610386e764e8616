// Where figures are drawn in a browser: beside the page, in a document that is never shown.

/** A document that holds nothing. */
export function newDocument(): unknown {
  const { document } = globalThis as unknown as {
    document: { implementation: { createHTMLDocument(title: string): unknown } };
  };
  return document.implementation.createHTMLDocument('');
}
