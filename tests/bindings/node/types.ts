// Compiled, not run: what the types accept, and what they must refuse.
import { scan, Scan, Group, version, type Options, type Result, type State, type Target } from 'portloop';

export async function open(signal: AbortSignal): Promise<Result[]> {
  const options: Options = { targets: ['192.0.2.1'], ports: [22, '80-90'], banners: { kind: 'http' }, seed: 1n, signal };
  const found: Result[] = [];
  const running: Scan = scan(options).unref();
  for await (const result of running) {
    const state: State = result.state;
    const length: number | undefined = result.banner?.length;
    if (state === 'open' && length !== 0) found.push(result);
  }
  const probes: number | undefined = running.stats()?.probes;
  return probes === found.length && version.length > 0 ? found : [];
}

async function* resolved(): AsyncGenerator<Target> {
  yield { target: '192.0.2.1', ports: [22, '80-90'], tag: 1 };
}

export async function speak(group: Group): Promise<void> {
  const running = scan({
    targets: resolved(), keepConnections: true, group, source: ['192.0.2.9', '::1'], dscp: 46, allOpen: 'skip',
    onHost: ({ address, event }) => console.log(address, event), onProgress: (stats) => console.log(stats.waiting),
  });
  for await (const { connection, tag } of running) {
    connection?.take().end(String(tag));
    running.pause();
    running.resume();
    running.setRate(100);
  }
}

// @ts-expect-error: not a group
scan({ targets: '192.0.2.1', group: { inFlight: 1 } });
// @ts-expect-error: a target without addresses
scan({ targets: [{ ports: 80 }] });
// @ts-expect-error: an unknown option
scan({ targets: '192.0.2.1', timeout: 5 });
// @ts-expect-error: no target
scan({ ports: 80 });
// @ts-expect-error: not a state
export const wrong: State = 'half-open';
