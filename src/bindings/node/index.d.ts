// @ts-ignore: in a project without Node's types (@types/node), a Socket is any.
import type { Socket } from 'node:net';

export type State = 'open' | 'closed' | 'filtered' | 'unknown';

export type Reason =
  | 'syn-ack' | 'conn-refused' | 'no-response'
  | 'port-unreach' | 'host-unreach' | 'net-unreach' | 'proto-unreach' | 'admin-prohibited'
  | 'local-error' | 'no-route' | 'host-lost' | 'banned' | 'unknown';

/** The result of one port of one address. */
export interface Result {
  /** Without the port, as in "10.0.0.1" or "fe80::1%2". */
  address: string;
  port: number;
  state: State;
  reason: Reason;
  /** From portloop's built-in list, or "". */
  service: string;
  /** How many times the port was probed; 0 if its host was lost or absent by then, or had banned us. */
  attempts: number;
  /** From the connect call to the answer, in microseconds; 0 if there was none. */
  rttUs: number;
  /** The system's code, as in "EMFILE", if the reason is "local-error". */
  error: string | undefined;
  /** What the port sent, if banners were asked for and it sent anything. */
  banner: Uint8Array | undefined;
  /** Of the target that it belongs to; 0 by default. */
  tag: number;
  /** To an open port, with keepConnections. */
  connection: Connection | undefined;
}

/** A connection that was not taken over when the next result is asked for, or when the loop is left, is reset. */
export interface Connection {
  /** Takes it over: a connected socket. What was read as a banner is not in it any more. Throws if it is too late. */
  take(): Socket;
  /** Resets it. */
  close(): void;
}

/** Addresses with ports and a tag of their own. */
export interface Target {
  /** An address, a CIDR block or a range. */
  target: string;
  /** Default: those of the scan. */
  ports?: string | number | readonly (string | number)[];
  /** A whole number, which their results have. Default 0. */
  tag?: number;
}

/** What has become known of a whole host, maybe long before its ports have their results. */
export interface HostEvent {
  address: string;
  /**
   * "absent": it is not on its link. "silent": it, or the path to it, no longer answers. "back": an absent one does.
   * "all-open": it accepts connections on every port (with allOpen). "banned": it refuses what it accepted before.
   */
  event: 'absent' | 'silent' | 'back' | 'all-open' | 'banned' | 'unknown';
}

export interface Banners {
  /** "read" (default): wait for what the port sends. "http": if nothing arrives, send an HTTP GET and wait again. */
  kind?: 'none' | 'read' | 'http';
  /** Maximum time of each wait, in milliseconds. Default 2,000. */
  timeoutMs?: number;
  /** Maximum length of a banner. Default 512. */
  maxBytes?: number;
}

/** An option that is left out has the default of portloop's C library, which portloop.h describes. */
export interface Options {
  /**
   * Numeric addresses, CIDR blocks and ranges. Resolve names yourself, for example with node:dns. Those of an async
   * iterable are scanned while more come; what it throws, or a target of it that is refused, ends the iteration.
   */
  targets: string | Target | readonly (string | Target)[] | AsyncIterable<string | Target>;
  exclude?: string | readonly string[];
  /** As in "22,80,8000-8100", "http*", "all" or "common" (the default). */
  ports?: string | number | readonly (string | number)[];
  excludePorts?: string | number | readonly (string | number)[];
  /** Maximum number of connects in flight. */
  inFlight?: number;
  /** Maximum number of connects started per second. Set it if the latency of this loop matters. */
  rate?: number;
  /** Maximum time of one connect, in milliseconds. */
  timeoutMs?: number;
  adaptive?: boolean;
  /** Stops probing a host once this many of its ports are open. */
  stopAfter?: number;
  /**
   * Whether hosts are found that accept connections on every port, by probing a few random ports of each host with an
   * open one: "report" calls onHost; "skip" also leaves out the rest of such a host. Default "ignore".
   */
  allOpen?: 'ignore' | 'report' | 'skip';
  retries?: number;
  order?: 'random' | 'sequential';
  seed?: number | bigint;
  /** Part `number` of `count`, counted from 1. */
  shard?: { number: number; count: number };
  /** 1 (default): the scan runs on this loop. More: so many threads, each with a loop of its own. */
  loops?: number;
  /** A single loop is a thread, too. */
  threaded?: boolean;
  connector?: 'fastest' | 'portable';
  banners?: boolean | 'none' | 'read' | 'http' | Banners;
  /** An address of this machine, or one for each family. */
  source?: string | readonly string[];
  /** The name of the interface that all packets leave through. */
  interface?: string;
  /** 0-63. */
  dscp?: number;
  /** SO_MARK; needs the capability CAP_NET_ADMIN. */
  mark?: number;
  /** Connections to open ports may be taken over. The scan pauses while 64 results with a connection wait. */
  keepConnections?: boolean;
  /** Limits that it shares with other scans. */
  group?: Group;
  /** The scan goes on until finish(), and add() adds targets. */
  openInput?: boolean;
  onHost?: (event: HostEvent) => void;
  /** Called at an interval while the scan runs. */
  onProgress?: (stats: Stats) => void;
  /** The interval, in milliseconds. Default 1,000. */
  progressMs?: number;
  /** The scan pauses while this many results have not been iterated over. Default 4,096. */
  highWaterMark?: number;
  /** Stops the scan when it is aborted: the results so far are yielded, then its reason is thrown. */
  signal?: AbortSignal;
}

export interface Stats {
  /** Addresses times ports. */
  probes: number;
  /** Connects started, including retries. */
  connects: number;
  open: number;
  closed: number;
  filtered: number;
  unknown: number;
  inFlight: number;
  /** Targets that were added and not begun with. */
  waiting: number;
}

export interface Limits {
  /** Maximum number of connects in flight, of all scans of the group together. Default 1,000. */
  inFlight?: number;
  /** Maximum number of connects started per second. Default: no limit. */
  rate?: number;
}

/** Limits that several scans share. */
export class Group {
  constructor(limits?: Limits);
  setInFlight(connects: number): void;
  setRate(connectsPerSecond: number): void;
}

export class Scan implements AsyncIterable<Result> {
  constructor(options: Options);
  /** Starts the scan when the first result is asked for. A scan has one iteration; leaving it closes the scan. */
  [Symbol.asyncIterator](): AsyncGenerator<Result, void, undefined>;
  /** Ends the iteration after the results that are known. */
  stop(): void;
  /** Starts no connect until resume() is called; what is in flight ends. */
  pause(): void;
  resume(): void;
  /** Change the limits of a running scan. Throw an Error with the code "EINVAL" for a value that is refused. */
  setInFlight(connects: number): void;
  setRate(connectsPerSecond: number): void;
  /**
   * Adds a target to a scan with openInput, and starts it, if it has not started. Throws an Error with the code "EINVAL"
   * for a target that is refused, "ESHUTDOWN" if the input is not open any more.
   */
  add(target: string | Target): void;
  /** Nothing more will be added. */
  finish(): void;
  /** undefined before the scan has started and after it has ended. */
  stats(): Stats | undefined;
  /** A running scan keeps Node running (default). */
  ref(): this;
  /** A running scan does not keep Node running. */
  unref(): this;
}

/** Throws a TypeError for an option of the wrong type, and an Error with code "EINVAL" for a value that is refused. */
export function scan(options: Options): Scan;

/** The version of portloop. */
export const version: string;
