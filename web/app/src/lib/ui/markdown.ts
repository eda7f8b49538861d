/** A run of a message with one look. Links show their whole address: their text is their target. */
export interface Part {
  kind: 'text' | 'bold' | 'italic' | 'code' | 'block' | 'link';
  text: string;
}

// One alternative for each look; none nests, so the work is linear in the text.
const looks =
  /```\n?(?<block>[^`]+)```|`(?<code>[^`\n]+)`|\*\*(?<bold>[^*\n]+)\*\*|(?<![\w*])\*(?<italic>[^*\s][^*\n]*)\*(?![\w*])|(?<link>https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/gu;

/**
 * The whole address that a link leads to. A host with letters that are not of ASCII, which may look like
 * another's, stands as the browser asks for it: in punycode.
 */
export function addressOf(link: string): string {
  const host = /^https?:\/\/[^/?#]*/u.exec(link)?.[0] ?? '';
  if (/^[\x21-\x7e]*$/u.test(host) || !URL.canParse(link)) return link;
  const url = new URL(link);
  return `${url.protocol}//${url.host}${link.slice(host.length)}`;
}

/** Splits a text into parts: **bold**, *italic*, `code`, ```blocks``` and addresses. */
export function parse(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(looks)) {
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    const groups = Object.entries(match.groups ?? {}) as [Part['kind'], string | undefined][];
    for (const [kind, inner] of groups) {
      if (inner !== undefined) parts.push({ kind, text: inner });
    }
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}
