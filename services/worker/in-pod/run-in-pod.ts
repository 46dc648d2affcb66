import { readFileSync, writeFileSync } from 'node:fs';
import { parsePodAssignment, SENT_AWAY_EXIT } from '#libs/compute/pod-assignment.ts';
import type { FromWorker, WorkerAssignment } from '#libs/compute/worker-protocol.ts';
import { workerId } from '#libs/domain/kernel/ids.ts';
import { WorkerStation } from '#libs/messaging/worker-station.ts';
import type { NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import type { Worker, WorkerLinks } from '../worker.ts';
import type { PodConfig } from '../worker.config.ts';

/**
 * One worker in a pod: its assignment is in a file, its orders come over NATS from whoever leads,
 * and the kubelet sees by a file whether it takes batches.
 *
 * It outlives the scheduler that made its pod. It starts nothing before it was greeted: so a job that
 * was halted meanwhile stays halted, whenever its pods come up.
 */
export class PodWorker {
  private readonly station: WorkerStation;
  private readonly assignment: WorkerAssignment;
  private readonly leaving = new AbortController();
  private wasTold = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly pod: PodConfig,
    private readonly endProcess: (code: number) => void,
  ) {
    this.assignment = readAssignment(pod);
    const { jobId } = this.assignment;
    this.station = new WorkerStation(connection, { jobId, podName: pod.podName });
  }

  get links(): WorkerLinks {
    return {
      send: async (message) => this.tell(message),
      exit: (code) => {
        if (code === 0) this.station.send({ type: 'left' });
        // Exit code 0 tells Kubernetes that the worker is done: only who leads can know that.
        this.endProcess(code === 0 && !this.wasTold ? SENT_AWAY_EXIT : code);
      },
    };
  }

  async run(worker: Pick<Worker, 'obey'>): Promise<void> {
    this.station.onOrder((order) => {
      this.wasTold ||= order.type === 'stop';
      worker.obey(order);
    });
    await this.connection.flush(); // Who leads may give orders as soon as it has greeted.
    const greeting = await this.station.greeted(this.leaving.signal);
    if (greeting === 'start') worker.obey({ type: 'assign', assignment: this.assignment });
  }

  /** The pod is going to end. */
  close(): void {
    this.leaving.abort();
  }

  private tell(message: FromWorker): void {
    if (message.type === 'running') writeFileSync(this.pod.readyFile, '');
    if (message.type === 'failed') {
      writeFileSync(this.pod.terminationFile, JSON.stringify(message.reason));
    }
    this.station.send(message);
  }
}

function readAssignment({ assignmentFile, index, handlerPort }: PodConfig): WorkerAssignment {
  const { readinessProbes, ...assignment } = parsePodAssignment(
    readFileSync(assignmentFile, 'utf8'),
  );
  return {
    ...assignment,
    workerId: workerId(index),
    restart: 0, // Kubernetes counts.
    handlerPort,
    logFile: '', // Kubernetes keeps the log.
    containers: readinessProbes.map((readinessProbe, place) => ({
      name: String(place),
      command: [],
      env: {},
      cwd: '',
      readinessProbe,
      livenessProbe: null, // The kubelet's, as the limits are.
      memoryLimit: null,
    })),
  };
}
