import type { JobId } from '#libs/domain/kernel/ids.ts';
import { JobHasEnded } from '#libs/domain/job/job.rejections.ts';
import type { Checks } from '../checks/checks.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { JobPlan } from '../scenario.ts';
import type { World } from '../world.ts';
import type { Gateway } from './gateway.ts';

const PATIENCE_MS = 5_000;
const RETRY_MS_MAX = 1_000;

/** Whoever submits a job, and may stop it: asks until there is an answer. */
export class Client {
  isDone = false;

  constructor(
    private readonly world: World,
    private readonly checks: Checks,
    private readonly gateway: Gateway,
    private readonly plan: JobPlan,
  ) {
    const { time } = world;
    time.schedule(time.world, plan.submitAtMs, `submit job ${plan.number}`, () => {
      this.run().catch((error: unknown) => checks.fail(`client: ${String(error)}`));
    });
  }

  private async run(): Promise<void> {
    const { plan, checks } = this;
    const job = await this.untilAnswered((gateway) => gateway.submit(plan));
    if (!checks.jobs.has(job)) checks.fail(`job ${plan.number} was accepted and is not in the log`);
    if (plan.stopAtMs !== null) {
      const delayMs = plan.stopAtMs - this.world.time.nowMs;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, delayMs)));
      await this.stop(job);
    }
    this.isDone = true;
  }

  private async stop(job: JobId): Promise<void> {
    const answer = await this.untilAnswered(async (gateway) => {
      try {
        await gateway.stop(job);
        return 'stops' as const;
      } catch (error) {
        if (error instanceof JobHasEnded) return 'has ended' as const;
        throw error;
      }
    });
    const ledger = this.checks.jobs.get(job);
    const isTrue =
      answer === 'stops'
        ? ledger?.isStopRequested === true
        : ledger !== undefined && ledger.end !== null;
    if (!isTrue) this.checks.fail(`job ${this.plan.number} is said to be one that ${answer}`);
  }

  private async untilAnswered<T>(
    ask: (gateway: NonNullable<Gateway['current']>) => Promise<T>,
  ): Promise<T> {
    const { draw } = this.world;
    for (;;) {
      const answer = await this.tryOnce(ask);
      if (answer !== null) return answer.value;
      await new Promise((resolve) => setTimeout(resolve, draw.between(0, RETRY_MS_MAX)));
    }
  }

  /** `null` when there was no answer, or an error. */
  private tryOnce<T>(
    ask: (gateway: NonNullable<Gateway['current']>) => Promise<T>,
  ): Promise<{ readonly value: T } | null> {
    const { time, wire } = this.world;
    const world: SimProcess = time.world;
    return new Promise((resolve) => {
      time.schedule(world, PATIENCE_MS, '', () => resolve(null));
      const { current } = this.gateway;
      if (current === null) return;
      const back = (what: string, answer: { readonly value: T } | null): void =>
        void time.schedule(world, wire.latencyMs(), what, () => resolve(answer));
      time.schedule(current.process, wire.latencyMs(), 'request', () => {
        ask(current).then(
          (value) => back('response', { value }),
          (error: unknown) => back(`response: ${String(error)}`, null),
        );
      });
    });
  }
}
