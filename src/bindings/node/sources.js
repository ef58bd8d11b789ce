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

function list() {
  return LAYERS.flatMap((layer) => fs.readdirSync(path.join(root, 'src', layer)).sort().map((name) => path.join(root, 'src', layer, name)))
    .filter((name) => name.endsWith('.cpp') && !name.endsWith('_unknown.cpp')); // those replace others where /proc is missing
}

function copySources() {
  if (root === copy) throw new Error(`${path.resolve(copy)} exists already`);
  for (const layer of LAYERS) {
    fs.cpSync(path.join(tree, 'src', layer), path.join(copy, 'src', layer), { recursive: true, filter: (name) => !name.endsWith('meson.build') });
  }
  fs.cpSync(path.join(tree, 'include'), path.join(copy, 'include'), { recursive: true, filter: (name) => !name.endsWith('meson.build') });
  fs.copyFileSync(path.join(tree, 'LICENSE'), 'LICENSE');
}

function remove() {
  fs.rmSync(copy, { recursive: true, force: true });
  fs.rmSync('LICENSE', { force: true });
}

const actions = { list: () => console.log(list().join('\n')), root: () => console.log(root), copy: copySources, remove };
actions[process.argv[2]]();
