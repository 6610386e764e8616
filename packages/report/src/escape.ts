// Text of others in markup: names of classes, recipes and runs are whatever a file says.

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What XML has no character for: control characters, halves of surrogate pairs, non-characters. */
const UNPRINTABLE = /[\p{Cs}\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/gu;

/** `text` as it can stand between tags and in quoted attributes, of HTML and of XML. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/** `text` with a mark in place of every character that no document may hold. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}
