'use strict';
// Where the library's sources are: in a package beside this file, in portloop/; in portloop's own tree above it.
//
//   node sources.js list     the source files, for binding.gyp
//   node sources.js root     the folder that has include/ and src/
//   node sources.js copy     copies them for `npm pack`
//   node sources.js remove   and removes the copy
const fs = require('node:fs');
const path = require('node:path');

const LAYERS = ['core', 'plan', 'sockets', 'engine', 'capi'];
const tree = path.join('..', '..', '..');
const copy = 'portloop';

process.chdir(__dirname);
const root = fs.existsSync(copy) ? copy : tree;

// The files that end in _unknown.cpp replace others where there is no /proc.
const isCompiled = (name) => name.endsWith('.cpp') && !name.endsWith('_unknown.cpp');

function list() {
  const folders = LAYERS.map((layer) => path.join(root, 'src', layer));
  return folders.flatMap((folder) => fs.readdirSync(folder).sort().filter(isCompiled).map((name) => path.join(folder, name)));
}

function copySources() {
  if (root === copy) throw new Error(`${path.resolve(copy)} exists already`);
  for (const folder of ['include', ...LAYERS.map((layer) => path.join('src', layer))]) {
    const filter = (name) => !name.endsWith('meson.build');
    fs.cpSync(path.join(tree, folder), path.join(copy, folder), { recursive: true, filter });
  }
  fs.copyFileSync(path.join(tree, 'LICENSE'), 'LICENSE');
}

function remove() {
  fs.rmSync(copy, { recursive: true, force: true });
  fs.rmSync('LICENSE', { force: true });
}

const actions = {
  list: () => console.log(list().join('\n')),
  root: () => console.log(root),
  copy: copySources,
  remove,
};
actions[process.argv[2]]();
