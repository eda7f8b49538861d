import { expect, test } from 'vitest';
import { strip } from './strip';

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  new Uint8Array(parts.flatMap((p) => (typeof p === 'string' ? Array.from(p, (c) => c.charCodeAt(0)) : p)));
const segment = (marker: number, body: string): (string | number[])[] => [
  [0xff, marker, 0, body.length + 2],
  body
];
const has = (b: Uint8Array | undefined, word: string): boolean =>
  String.fromCharCode(...(b ?? [])).includes(word);

const exif = (turned: number): string =>
  'Exif\0\0MM\0\x2a\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0' +
  String.fromCharCode(turned) +
  '\0\0\x88\x25\0\x04\0\0\0\x01GPS!\0\0\0\0';

const jpeg = bytes(
  [0xff, 0xd8],
  ...segment(0xe0, 'JFIF\0'),
  ...segment(0xe1, exif(6)),
  ...segment(0xe1, 'http://ns.adobe.com/xap/1.0/\0<place/>'),
  ...segment(0xe2, 'ICC_PROFILE\0\x01\x01colours'),
  ...segment(0xe2, 'MPF\0another'),
  ...segment(0xed, 'Photoshop 3.0\0caption'),
  ...segment(0xfe, 'a comment'),
  ...segment(0xdb, 'tables'),
  ...segment(0xda, 'scan'),
  'data',
  [0xff, 0x00, 0xff, 0xd0, 1, 0xff, 0xc4, 0, 3, 9, 0xff, 0xda, 0, 3, 9, 2, 0xff, 0xd9],
  'behind the end: a film with its place'
);

test('a JPEG keeps the picture, its colours and how it is turned, and nothing else', () => {
  const out = strip(jpeg);
  for (const word of ['JFIF', 'ICC_PROFILE', 'tables', 'scan', 'data'])
    expect(has(out, word), word).toBe(true);
  for (const word of ['GPS!', 'place', 'MPF', 'caption', 'comment', 'film'])
    expect(has(out, word), word).toBe(false);
  expect(has(out, '\x01\x12\0\x03\0\0\0\x01\0\x06'), 'the orientation').toBe(true);
  expect([...(out ?? [])].slice(-2)).toEqual([0xff, 0xd9]);
  expect(strip(out ?? new Uint8Array())).toEqual(out);
});

test('a JPEG that is not turned gets no Exif at all', () => {
  const plain = bytes(
    [0xff, 0xd8],
    ...segment(0xe1, exif(1)),
    ...segment(0xda, 'scan'),
    'data',
    [0xff, 0xd9]
  );
  expect(has(strip(plain), 'Exif')).toBe(false);
});

test('a PNG loses its texts and Exif', () => {
  const chunk = (name: string, body: string): (string | number[])[] => [
    [0, 0, 0, body.length],
    name,
    body,
    [1, 2, 3, 4]
  ];
  const png = bytes(
    [0x89],
    'PNG\r\n\x1a\n',
    ...chunk('IHDR', 'size'),
    ...chunk('tEXt', 'author'),
    ...chunk('eXIf', 'place'),
    ...chunk('IDAT', 'pixels'),
    ...chunk('IEND', ''),
    'behind'
  );
  const out = strip(png);
  expect(has(out, 'pixels') && has(out, 'IEND')).toBe(true);
  for (const word of ['author', 'place', 'behind']) expect(has(out, word), word).toBe(false);
});

test('a WebP loses Exif and XMP, and says so', () => {
  const chunk = (name: string, body: string): (string | number[])[] => [name, [body.length, 0, 0, 0], body];
  const body = [
    ...chunk('VP8X', '\x2c\0\0\0\0\0\0\0\0\0'),
    ...chunk('VP8 ', 'pixels'),
    ...chunk('EXIF', 'place!'),
    ...chunk('XMP ', 'author')
  ];
  const size = bytes(...body).length + 4;
  const out = strip(bytes('RIFF', [size, 0, 0, 0], 'WEBP', ...body));
  expect(has(out, 'pixels')).toBe(true);
  expect(has(out, 'place!') || has(out, 'author')).toBe(false);
  expect(out?.[20], 'flags').toBe(0x20);
  expect(out?.[4]).toBe((out?.length ?? 0) - 8);
});

test('what is broken or unknown is not touched', () => {
  expect(strip(bytes('a text'))).toBeUndefined();
  expect(strip(new Uint8Array())).toBeUndefined();
  for (let n = 2; n < jpeg.length; n += 7) expect(() => strip(jpeg.subarray(0, n))).not.toThrow();
  expect(strip(bytes([0xff, 0xd8, 0, 0, 0, 0]))).toBeUndefined();
});
