import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** The ways in which a text may lie in a file: UTF-8, UTF-16, and base64 at each of three offsets. */
function forms(text: string): Buffer[] {
  const plain = [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')];
  const base64 = plain.flatMap((bytes) =>
    [0, 1, 2].map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
      // the first and last characters also depend on what stands beside the text
      return Buffer.from(encoded.replace(/=+$/u, '').slice(offset === 0 ? 0 : 4, -4));
    })
  );
  return [...plain, ...base64];
}

/** Searches every file of a folder, and its name, for each text; returns what was found where. */
export async function search(folder: string, texts: string[]): Promise<string[]> {
  const found: string[] = [];
  const wanted = texts.map((text) => ({ text, forms: forms(text) }));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const name = path.join(entry.parentPath, entry.name);
    const content = Buffer.concat([Buffer.from(name), await readFile(name)]);
    for (const { text, forms } of wanted) {
      if (forms.some((form) => content.includes(form))) found.push(`${path.relative(folder, name)}: ${text}`);
    }
  }
  return found;
}
