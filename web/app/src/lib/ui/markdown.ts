type Look = 'text' | 'bold' | 'italic' | 'strike' | 'code' | 'block' | 'link';

/** A run of a message with one look. Links show their whole address: their text is their target. */
export interface Run {
  kind: Look;
  text: string;
}

/** Lines that quote somebody, without the marks before them. */
export interface Quote {
  kind: 'quote';
  runs: Run[];
}

// One alternative for each look; none nests but in a quote, so the work is linear in the text.
const quotes = /^(?:>[^\n]*(?:\n|$))+/gmu;
const blocks = /```\n?[^`]+```/gu;
const looks =
  /```\n?(?<block>[^`]+)```|`(?<code>[^`\n]+)`|\*\*(?<bold>[^*\n]+)\*\*|~~(?<strike>[^~\n]+)~~|(?<![\w*])\*(?<italic>[^*\s][^*\n]*)\*(?![\w*])|(?<link>https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/gu;

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

/**
 * Splits a text into **bold**, *italic*, ~~struck~~, `code`, ```blocks```, addresses, and lines that begin with >.
 * Lists need nothing: they stand as they were written.
 */
export function parse(text: string): (Run | Quote)[] {
  const code = [...text.matchAll(blocks)].map((m) => [m.index, m.index + m[0].length] as const);
  const parts: (Run | Quote)[] = [];
  let from = 0;
  let block = 0;
  for (const match of text.matchAll(quotes)) {
    while ((code[block]?.[1] ?? Infinity) <= match.index) block++;
    if ((code[block]?.[0] ?? Infinity) < match.index) continue; // of a program, not of somebody
    if (match.index > from) parts.push(...runs(text.slice(from, match.index)));
    parts.push({ kind: 'quote', runs: runs(match[0].replace(/^> ?/gmu, '').replace(/\n$/u, '')) });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(...runs(text.slice(from)));
  return parts;
}

function runs(text: string): Run[] {
  const parts: Run[] = [];
  let from = 0;
  for (const match of text.matchAll(looks)) {
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    const groups = Object.entries(match.groups ?? {}) as [Look, string | undefined][];
    for (const [kind, inner] of groups) {
      if (inner !== undefined) parts.push({ kind, text: inner });
    }
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}
