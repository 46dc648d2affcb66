import { EMPTY_LANE } from '#libs/event-store/event-store.port.ts';
import type { EndStatus } from '#libs/domain/job/job-status-code.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { anApiDeployed } from '#test/support/api.builders.ts';
import { Client } from './actors/client.ts';
import { API, type Gateway, gatewayProgram } from './actors/gateway.ts';
import { Mishaps } from './actors/mishaps.ts';
import {
  enqueuerProgram,
  type Projection,
  projectorProgram,
  schedulerProgram,
  Workers,
} from './actors/programs.ts';
import { type Program, Service } from './actors/service.ts';
import { Checks } from './checks/checks.ts';
import { documentProblem, endProblems } from './checks/end-checks.ts';
import { Draw } from './kernel/draw.ts';
import { drive } from './kernel/drive.ts';
import { Trace } from './kernel/trace.ts';
import { useVirtualTime } from './kernel/virtual-globals.ts';
import { VirtualTime } from './kernel/virtual-time.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

/** How long jobs may take to their ends once nothing goes wrong any more. */
const END_MS_MAX = 240_000;
/** Within which everything is cleaned up behind the last end. */
const TIDY_MS = 40_000;
/** A hundred times what a simulation takes. */
const STEPS_MAX = 200_000;
const AUDIT_MS = 2_500;

export interface SimulationResult {
  readonly seed: number;
  /** `null`: everything held. */
  readonly problem: string | null;
  readonly trace: readonly string[];
  readonly fingerprint: string;
  readonly strayCallCount: number;
  /** How its jobs ended. */
  readonly ends: readonly EndStatus[];
}

export interface SimulationOptions {
  readonly jobsMax: number;
  /** Given every step as it is taken. */
  readonly print: ((line: string) => void) | null;
}

/** Plays the whole platform under one seed, in this thread, whose globals are those of the simulation. */
export async function simulate(
  seed: number,
  { jobsMax, print }: SimulationOptions,
): Promise<SimulationResult> {
  const trace = new Trace(print);
  const time = new VirtualTime(trace);
  const draw = new Draw(seed);
  const world = new World(time, draw, drawScenario(seed, draw, jobsMax));
  const checks = new Checks(world);
  useVirtualTime(time);
  const onRejection = (error: unknown): void => checks.fail(`nobody handles ${String(error)}`);
  process.on('unhandledRejection', onRejection);
  try {
    await new Run(world, checks).toEnd();
  } catch (error) {
    checks.fail(`the simulation broke: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  const { problem, strayCallCount } = checks;
  const { tail, fingerprint } = trace;
  const ends = [...checks.jobs.values()].flatMap(({ end }) => end?.status ?? []);
  return { seed, problem, trace: tail, fingerprint, strayCallCount, ends };
}

class Run {
  private readonly projection: Projection = { current: null };
  private readonly gateway: Gateway = { current: null };
  private readonly workers: Workers;
  private clients: readonly Client[] = [];
  private endsAtMs: number | null = null;

  constructor(
    private readonly world: World,
    private readonly checks: Checks,
  ) {
    this.workers = new Workers(world, checks);
  }

  async toEnd(): Promise<void> {
    const { world, checks } = this;
    this.begin();
    let steps = 0;
    await drive(() => {
      world.time.step();
      if (++steps > STEPS_MAX) checks.fail(`something goes on for ever: ${STEPS_MAX} steps`);
      return checks.problem === null && !this.isOver();
    });
    if (checks.problem !== null) return;
    const left = [...this.workers.running].map(({ process }) => process.name);
    if (left.length > 0) return checks.fail(`workers are left: ${left.join(', ')}`);
    this.audit();
    const problems: string[] = [];
    const looking = endProblems(world, checks).then((found) => problems.push(...found));
    let isDone = false;
    void looking.finally(() => (isDone = true));
    await drive(() => {
      world.time.step();
      return !isDone;
    });
    await looking;
    if (problems.length > 0) checks.fail(problems.join('; '));
  }

  private begin(): void {
    const { world, checks, projection, gateway } = this;
    const { time, scenario } = world;
    const services: Service[] = [];
    const run = (name: string, program: Program): void =>
      void services.push(new Service(world, name, program));
    time.schedule(time.world, 0, 'the world begins', () => {
      checks.followLog().catch((error: unknown) => checks.fail(String(error)));
      const event = anApiDeployed({ apiName: API.name, apiId: API.id, codeKey: null });
      const fact = { id: eventId(event), at: time.world.clock().toISOString(), event };
      void world.store.append({ kind: 'api', apiName: API.name }, fact, EMPTY_LANE);
      for (let i = 0; i < scenario.enqueuers; i++) run(`enq${i}`, enqueuerProgram(world, checks));
      for (let i = 0; i < scenario.schedulers; i++)
        run(`sched${i}`, schedulerProgram(world, checks, this.workers));
      run('proj', projectorProgram(world, checks, projection));
      run('gate', gatewayProgram(world, checks, { gateway, projection }));
      void new Mishaps(world, services, this.workers);
      this.clients = scenario.jobs.map((plan) => new Client(world, checks, gateway, plan));
      this.auditAgain();
    });
  }

  private isOver(): boolean {
    const { world, checks, clients } = this;
    const { nowMs } = world.time;
    const { faultsEndMs } = world.scenario;
    if (this.endsAtMs !== null) return nowMs >= this.endsAtMs;
    if (nowMs < faultsEndMs) return false;
    const jobs = [...checks.jobs.values()];
    const areEnded = clients.every(({ isDone }) => isDone) && jobs.every((job) => job.end !== null);
    if (areEnded) this.endsAtMs = nowMs + TIDY_MS;
    else if (nowMs > faultsEndMs + END_MS_MAX) {
      const left = jobs.filter((job) => job.end === null).map((job) => job.plan.number);
      checks.fail(`jobs ${left.join()} have not ended ${END_MS_MAX / 1000} s after the last fault`);
    }
    return false;
  }

  private auditAgain(): void {
    const { time, draw, scenario } = this.world;
    time.schedule(time.world, draw.between(0, 2 * AUDIT_MS), '', () => {
      this.audit();
      if (time.nowMs < scenario.faultsEndMs) this.auditAgain();
    });
  }

  /** Documents of the projector that runs against those that its part of the log gives. */
  private audit(): void {
    const { current } = this.projection;
    if (current === null) return;
    const problem = documentProblem(current.follower.view, this.checks.log);
    if (problem !== null) this.checks.fail(problem);
  }
}
