import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** The ways in which a text may lie in a file: UTF-8, UTF-16, and base64 at each of three offsets. */
function forms(text: string): Buffer[] {
  const plain = [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')];
  const base64 = plain.flatMap((bytes) =>
    [0, 1, 2].map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
      // the first and last characters also depend on what stands beside the text
      const sure = encoded.replace(/=+$/u, '').slice(offset === 0 ? 0 : 4, -4);
      if (sure.length < 8) throw new Error(`${text} is too short: it may be found anywhere`);
      return Buffer.from(sure);
    })
  );
  return [...plain, ...base64];
}

const mozLz4 = Buffer.from('mozLz40\0');

/** What a file holds. Firefox packs some of its own: eight bytes that say so, the size, and one block of LZ4. */
function unpack(file: Buffer): Buffer {
  if (!file.subarray(0, mozLz4.length).equals(mozLz4)) return file;
  const out = Buffer.alloc(file.readUInt32LE(8));
  let at = 12;
  let to = 0;
  const length = (nibble: number): number => {
    let n = nibble;
    for (let more = nibble === 15; more; more = file[at++] === 255) n += file[at] ?? 0;
    return n;
  };
  while (at < file.length) {
    const token = file[at++] ?? 0;
    const literals = length(token >> 4);
    file.copy(out, to, at, at + literals);
    at += literals;
    to += literals;
    if (at >= file.length) break; // the last sequence has no match
    let from = to - file.readUInt16LE(at);
    at += 2;
    for (let n = length(token & 15) + 4; n > 0; n--) out[to++] = out[from++] ?? 0; // it may overlap itself
  }
  return out.subarray(0, to);
}

/** Searches every file of a folder, and its name, for each text; returns what was found where. */
export async function search(folder: string, texts: string[]): Promise<string[]> {
  const found: string[] = [];
  const wanted = texts.map((text) => ({ text, forms: forms(text) }));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const name = path.join(entry.parentPath, entry.name);
    const content = Buffer.concat([Buffer.from(name), unpack(await readFile(name))]);
    for (const { text, forms } of wanted) {
      if (forms.some((form) => content.includes(form))) found.push(`${path.relative(folder, name)}: ${text}`);
    }
  }
  return found;
}
