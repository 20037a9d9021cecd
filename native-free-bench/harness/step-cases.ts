/**
 * Steps of several requests as scenarios: clients that open sessions, take locks and so on, on one
 * server of each contender, in turns.
 */
import { runSteps } from '../load/steps.ts';
import type { Address } from '../load/workload.ts';
import type { Contender } from './contender.ts';
import { figuresOf, loadDetail, onServers, type Running } from './load-cases.ts';
import type { Outcome } from './measurement.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import { ServerWatch } from './server-watch.ts';
import type { BenchSize } from './size.ts';

/** Clients that are ready to carry out steps. */
export interface StepClients {
  step(client: number): Promise<void>;
  close(): Promise<void>;
}

export interface StepScenario {
  readonly name: string;
  readonly title: string;
  readonly clients: number;
  /** As figures call a step. */
  readonly called: string;
  /** Makes `clients` clients; they take the servers in turn. */
  readonly open: (servers: readonly Address[], clients: number) => Promise<StepClients>;
}

export function stepScenario(scenario: StepScenario): Scenario {
  const { name, title } = scenario;
  const run = (contenders: readonly Contender[], size: BenchSize, progress: Progress) =>
    onServers(contenders, (running) => measureSteps(running, scenario, size, progress));
  return { name, title, isDefault: false, needsOwnServer: false, run };
}

async function* measureSteps(
  running: readonly Running[],
  scenario: StepScenario,
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const clients = size.wanted.sessions ?? scenario.clients;
  const load = `${scenario.called} x${clients}`;
  const total = size.repeats * running.length;
  let done = 0;
  for (let repeat = 0; repeat < size.repeats; repeat++) {
    for (const { name, server } of inTurn(running, repeat)) {
      progress(done++, total, `${name}: ${load}`);
      const opened = await scenario.open(server.addresses, clients);
      const watch = await ServerWatch.begin(server);
      const result = await runSteps({
        clients,
        warmupSeconds: repeat === 0 ? size.firstWarmupSeconds : size.warmupSeconds,
        seconds: size.seconds,
        ...(size.requests === undefined ? {} : { steps: size.requests }),
        ...(server.pids.length === 0 ? {} : { serverPids: server.pids }),
        step: (client) => opened.step(client),
      });
      const told = await watch.end();
      await opened.close();
      const about = { server: name, repeat, load };
      yield* figuresOf(about, { figure: 'ops/s' }, result);
      yield loadDetail(about, result, told);
    }
  }
}
