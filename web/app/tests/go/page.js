// The page's half of exec.mjs: it runs one Go test program. What the program prints
// goes to the runner, and files are read from it, so that vectors and golden bytes
// are found; what it writes stays in this page.

const { Go, fs, process } = globalThis;
const decoder = new TextDecoder('utf-8');

fs.writeSync = (fd, bytes) => {
  void globalThis.bulleWrite(fd, decoder.decode(bytes, { stream: true }));
  return bytes.length;
};
process.cwd = () => globalThis.bulleProgram.folder;

// as on Linux; without them Go takes the system for one that opens no folders
Object.assign(fs.constants, {
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 64,
  O_EXCL: 128,
  O_TRUNC: 512,
  O_APPEND: 1024,
  O_DIRECTORY: 65536
});

const opened = new Map();
const written = new Map();
let next = 100;

function failure(code) {
  return Object.assign(new Error(code), { code });
}

/** Asks the runner about a path: what it is, or what it holds. */
async function ask(what, path) {
  const answer = await fetch(`/${what}?path=${encodeURIComponent(path)}`);
  if (!answer.ok) throw failure('ENOENT');
  return answer;
}

async function stat(path) {
  const mine = written.get(path);
  const about = mine
    ? { size: mine.bytes.length, mode: 0o100600, directory: false }
    : await (await ask('stat', path)).json();
  const unknown = [
    'dev',
    'ino',
    'nlink',
    'uid',
    'gid',
    'rdev',
    'blksize',
    'blocks',
    'atimeMs',
    'mtimeMs',
    'ctimeMs'
  ];
  const fields = Object.fromEntries(unknown.map((name) => [name, 0]));
  return { ...fields, ...about, isDirectory: () => about.directory };
}

/** Gives a promise to a callback in the way of Node. */
function give(promise, callback) {
  promise.then(
    (value) => callback(null, value),
    (reason) => callback(reason.code ? reason : failure('EIO'))
  );
}

async function open(path, flags) {
  if (flags & fs.constants.O_CREAT && !written.has(path)) written.set(path, { bytes: new Uint8Array() });
  const about = await stat(path);
  const file = written.get(path) ?? {
    bytes: about.directory ? new Uint8Array() : new Uint8Array(await (await ask('read', path)).arrayBuffer())
  };
  const fd = next++;
  opened.set(fd, { path, file, at: 0 });
  return fd;
}

function write(fd, bytes, position) {
  const mine = opened.get(fd);
  if (!mine) return fs.writeSync(fd, bytes);
  const from = position ?? mine.at;
  const grown = new Uint8Array(Math.max(mine.file.bytes.length, from + bytes.length));
  grown.set(mine.file.bytes);
  grown.set(bytes, from);
  mine.file.bytes = grown;
  if (position === null) mine.at = from + bytes.length;
  return bytes.length;
}

function read(fd, into, offset, length, position) {
  const mine = opened.get(fd);
  const from = position ?? mine.at;
  const part = mine.file.bytes.subarray(from, from + length);
  into.set(part, offset);
  if (position === null) mine.at = from + part.length;
  return part.length;
}

Object.assign(fs, {
  open: (path, flags, mode, callback) => give(open(path, flags), callback),
  close: (fd, callback) => callback(opened.delete(fd) ? null : failure('EBADF')),
  stat: (path, callback) => give(stat(path), callback),
  lstat: (path, callback) => give(stat(path), callback),
  fstat: (fd, callback) =>
    opened.has(fd) ? give(stat(opened.get(fd).path), callback) : callback(failure('EBADF')),
  unlink: (path, callback) => callback(written.delete(path) ? null : failure('ENOENT')),
  write: (fd, bytes, offset, length, position, callback) =>
    callback(null, write(fd, bytes.subarray(offset, offset + length), position)),
  readdir: (path, callback) =>
    give(
      ask('list', path).then((r) => r.json()),
      callback
    ),
  read: (fd, into, offset, length, position, callback) =>
    callback(null, read(fd, into, offset, length, position))
});

const go = new Go();
go.argv = globalThis.bulleProgram.args;
go.env = globalThis.bulleProgram.env;
let code = 0;
go.exit = (status) => (code = status);
WebAssembly.instantiateStreaming(fetch('/program.wasm'), go.importObject)
  .then(({ instance }) => go.run(instance))
  .then(
    () => globalThis.bulleEnd(code),
    (reason) => globalThis.bulleWrite(2, `${reason}\n`).then(() => globalThis.bulleEnd(1))
  );
