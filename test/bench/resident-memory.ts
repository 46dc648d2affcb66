import { readFileSync } from 'node:fs';
import { processesWith } from '#test/support/process-scan.ts';

const SAMPLE_MS = 100;

/** The largest resident memory that each service of an installation was seen with, in MB. */
export class ResidentMemory {
  private readonly peaksMb = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;

  /** @param installation marker in the environment of every process */
  constructor(private readonly installation: string) {
    this.timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  /** @throws Error when it was not seen: nothing would pass for little */
  peakMb(service: string): number {
    const peakMb = this.peaksMb.get(service);
    if (peakMb === undefined) throw new Error(`no process of ${service} was seen`);
    return peakMb;
  }

  stop(): ReadonlyMap<string, number> {
    clearInterval(this.timer);
    return this.peaksMb;
  }

  private sample(): void {
    for (const { pid, commandLine } of processesWith(this.installation)) {
      const name = /(?:services|bundles)\/([a-z-]+)\/main\.js|(nats-server)|(noop-handler)/.exec(
        commandLine,
      );
      const service = name?.[1] ?? name?.[2] ?? name?.[3];
      if (service === undefined) continue;
      const residentMb = residentMbOf(pid);
      this.peaksMb.set(service, Math.max(this.peaksMb.get(service) ?? 0, residentMb));
    }
  }
}

/** 0 for a process that has gone. */
function residentMbOf(pid: number): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kilobytes ?? 0) / 1024);
  } catch {
    return 0;
  }
}
