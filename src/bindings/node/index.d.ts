export type State = 'open' | 'closed' | 'filtered' | 'unknown';

export type Reason =
  | 'syn-ack' | 'conn-refused' | 'no-response'
  | 'port-unreach' | 'host-unreach' | 'net-unreach' | 'proto-unreach' | 'admin-prohibited'
  | 'local-error' | 'no-route' | 'host-lost' | 'unknown';

/** The result of one port of one address. */
export interface Result {
  /** Without the port, as in "10.0.0.1" or "fe80::1%2". */
  address: string;
  port: number;
  state: State;
  reason: Reason;
  /** From portloop's built-in list, or "". */
  service: string;
  /** How many times the port was probed; 0 if its host was lost or absent by then. */
  attempts: number;
  /** From the connect call to the answer, in microseconds; 0 if there was none. */
  rttUs: number;
  /** The system's code, as in "EMFILE", if the reason is "local-error". */
  error: string | undefined;
  /** What the port sent, if banners were asked for and it sent anything. */
  banner: Uint8Array | undefined;
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
  /** Numeric addresses, CIDR blocks and ranges. Resolve names yourself, for example with node:dns. */
  targets: string | readonly string[];
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
  retries?: number;
  order?: 'random' | 'sequential';
  seed?: number | bigint;
  /** Part `number` of `count`, counted from 1. */
  shard?: { number: number; count: number };
  /** 1 (default): the scan runs on this loop. More: so many threads, each with a loop of its own. */
  loops?: number;
  connector?: 'fastest' | 'portable';
  banners?: boolean | 'none' | 'read' | 'http' | Banners;
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
}

export class Scan implements AsyncIterable<Result> {
  constructor(options: Options);
  /** Starts the scan when the first result is asked for. A scan has one iteration; leaving it closes the scan. */
  [Symbol.asyncIterator](): AsyncGenerator<Result, void, undefined>;
  /** Ends the iteration after the results that are known. */
  stop(): void;
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
