'use strict';
// Checks the types of a scan's options and gives them the form that the addon reads. Values are checked by portloop.
const { Group } = require('./group.js');

const whole = (min, max) => [
  (value) => Number.isInteger(value) && value >= min && value <= max,
  `a whole number from ${min} to ${max}`,
];
const u32 = whole(0, 2 ** 32 - 1);
const flag = [(value) => typeof value === 'boolean', 'true or false'];
const isWord = (value) => typeof value === 'string';
const isWords = (value) => isWord(value) || (Array.isArray(value) && value.every(isWord));
const isPort = (value) => isWord(value) || Number.isInteger(value);
const isPorts = (value) => isPort(value) || (Array.isArray(value) && value.every(isPort));
const words = [isWords, 'a string or an array of strings'];
const ports = [isPorts, 'a string, a whole number or an array of them'];
const choice = (...names) => [(value) => names.includes(value), names.map((name) => `'${name}'`).join(' or ')];
const hasOnly = (value, names) => (
  typeof value === 'object' && value !== null && Object.keys(value).every((name) => names.includes(name))
);

const bannerKinds = ['none', 'read', 'http'];
const isU32OrMissing = (value) => value === undefined || u32[0](value);
const isBanners = (value) => typeof value === 'boolean' || bannerKinds.includes(value) || (
  hasOnly(value, ['kind', 'timeoutMs', 'maxBytes']) && bannerKinds.includes(value.kind ?? 'read')
  && isU32OrMissing(value.timeoutMs) && isU32OrMissing(value.maxBytes)
);
const isSeed = (value) => (typeof value === 'bigint'
  ? value === BigInt.asUintN(64, value)
  : Number.isSafeInteger(value) && value >= 0);
const isShard = (value) => hasOnly(value, ['number', 'count']) && u32[0](value.number) && u32[0](value.count);

const isTag = (value) => value === undefined || (Number.isSafeInteger(value) && value >= 0);
const isTarget = (value) => isWord(value) || (
  hasOnly(value, ['target', 'ports', 'tag']) && isWord(value.target) && isTag(value.tag)
  && (value.ports === undefined || isPorts(value.ports))
);
const isAsync = (value) => typeof value?.[Symbol.asyncIterator] === 'function';
const isTargets = (value) => isTarget(value) || isAsync(value) || (Array.isArray(value) && value.every(isTarget));
const callback = [(value) => typeof value === 'function', 'a function'];

const kinds = {
  targets: [isTargets, 'a string, an object with target, ports and tag, an array of them or an async iterable'],
  exclude: words,
  ports,
  excludePorts: ports,
  inFlight: u32,
  rate: [(value) => typeof value === 'number', 'a number'],
  timeoutMs: u32,
  adaptive: flag,
  stopAfter: u32,
  allOpen: choice('ignore', 'report', 'skip'),
  retries: whole(-(2 ** 31), 2 ** 31 - 1),
  order: choice('random', 'sequential'),
  seed: [isSeed, 'a whole number of 64 bits'],
  shard: [isShard, 'an object with number and count'],
  loops: u32,
  threaded: flag,
  connector: choice('fastest', 'portable'),
  banners: [isBanners, "true, false, 'read', 'http' or an object with kind, timeoutMs and maxBytes"],
  source: words,
  interface: [isWord, 'a string'],
  dscp: whole(-(2 ** 31), 2 ** 31 - 1),
  mark: u32,
  keepConnections: flag,
  group: [(value) => value instanceof Group, 'a Group'],
  openInput: flag,
  onHost: callback,
  onProgress: callback,
  progressMs: whole(1, 2 ** 32 - 1),
  highWaterMark: whole(1, 2 ** 32 - 1),
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
};

const shown = (value) => {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
};
const listed = (value) => [value].flat().map(String);

function bannersOf(value) {
  const kind = value === true ? 'read' : value || 'none';
  const given = typeof kind === 'object' ? kind : { kind };
  return {
    kind: bannerKinds.indexOf(given.kind ?? 'read'),
    timeoutMs: given.timeoutMs ?? 2000,
    maxBytes: given.maxBytes ?? 512,
  };
}

// The form of each option that the addon does not take as it is.
const oneList = (value) => [listed(value).join(',')];
const forms = {
  targets: (value) => (isAsync(value) ? value : [value].flat()),
  exclude: listed,
  source: listed,
  interface: listed,
  ports: oneList,
  excludePorts: oneList,
  allOpen: (value) => ['ignore', 'report', 'skip'].indexOf(value),
  order: (value) => ['random', 'sequential'].indexOf(value),
  seed: BigInt,
  connector: (value) => ['fastest', 'portable'].indexOf(value),
  banners: bannersOf,
};

// Rejects unknown options, because a scan of the wrong thing is worse than none.
function check(options) {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`the options must be an object, not ${shown(options)}`);
  }
  const checked = {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new TypeError(`'${name}' is not an option; the options are ${Object.keys(kinds).join(', ')}`);
    }
    if (value === undefined) continue;
    const [fits, kind] = kinds[name];
    if (!fits(value)) throw new TypeError(`${name} must be ${kind}, not ${shown(value)}`);
    checked[name] = forms[name] ? forms[name](value) : value;
  }
  return checked;
}

// Returns the target, its ports (or undefined) and its tag, as the addon takes them.
function checkTarget(value) {
  if (!isTarget(value)) {
    throw new TypeError(`a target must be a string or an object with target, ports and tag, not ${shown(value)}`);
  }
  if (isWord(value)) return [value, undefined, 0];
  return [value.target, value.ports === undefined ? undefined : oneList(value.ports)[0], value.tag ?? 0];
}

module.exports = { check, checkTarget };
