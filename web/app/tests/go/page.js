// The page's half of exec.mjs: it runs one Go test program. What the program prints
// goes to the runner, and files are read from it, so that vectors and golden bytes
// are found; nothing can be written.

const { Go, fs, process } = globalThis;
const decoder = new TextDecoder('utf-8');

fs.writeSync = (fd, bytes) => {
  void globalThis.bulleWrite(fd, decoder.decode(bytes, { stream: true }));
  return bytes.length;
};
process.cwd = () => globalThis.bulleProgram.folder;

const opened = new Map();
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
  const about = await (await ask('stat', path)).json();
  const unknown = ['dev', 'ino', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'blocks', 'atimeMs', 'mtimeMs', 'ctimeMs'];
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

async function open(path) {
  const about = await stat(path);
  const bytes = about.directory ? new Uint8Array() : new Uint8Array(await (await ask('read', path)).arrayBuffer());
  const fd = next++;
  opened.set(fd, { about, bytes, at: 0 });
  return fd;
}

function read(fd, into, offset, length, position) {
  const file = opened.get(fd);
  const from = position ?? file.at;
  const part = file.bytes.subarray(from, from + length);
  into.set(part, offset);
  if (position === null) file.at = from + part.length;
  return part.length;
}

Object.assign(fs, {
  open: (path, flags, mode, callback) => give(open(path), callback),
  close: (fd, callback) => callback(opened.delete(fd) ? null : failure('EBADF')),
  stat: (path, callback) => give(stat(path), callback),
  lstat: (path, callback) => give(stat(path), callback),
  fstat: (fd, callback) =>
    opened.has(fd) ? callback(null, opened.get(fd).about) : callback(failure('EBADF')),
  readdir: (path, callback) => give(ask('list', path).then((r) => r.json()), callback),
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
