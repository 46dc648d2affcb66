import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withEmbeddedAws } from '#libs/platform/aws/aws-choice.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { embeddedAwsSpec, staleEmbeddedAws } from './embedded-aws-process.ts';
import { natsServerBinary, natsServerSpec, staleNatsServer } from './nats-server.ts';
import { checkPorts } from './ports.ts';
import { waitUntilReady } from './readiness.ts';
import { READING_SERVICES, RELAY, SERVICES, serviceSpec } from './service-process.ts';
import {
  gatewayUrl,
  logFile,
  type NatsChoice,
  type StandaloneConfig,
} from './standalone.config.ts';
import { stopStaleProcess } from './stale-process.ts';
import { SupervisedProcess } from './supervised-process.ts';

/** Longer than the 15 s that a service gives itself. */
const SERVICE_STOP_MS_MAX = 20_000;
/** Of what the services rely on: `nats-server` and the embedded AWS. */
const GROUND_STOP_MS_MAX = 10_000;

export interface StandaloneOptions {
  readonly config: StandaloneConfig;
  /** Folder of the checkout: `.cache/` is in it. */
  readonly root: string;
  /** Folder of the built services. */
  readonly servicesDir: string;
  /** What the processes inherit. */
  readonly env: NodeJS.ProcessEnv;
  /** One line for the person at the console. */
  readonly say: (line: string) => void;
}

/**
 * The whole platform on one machine, kept running: `nats-server`, S3 and SQS unless an AWS is
 * configured, and one process per service.
 */
export class Standalone {
  private readonly services: SupervisedProcess[];
  /** What the services rely on. */
  private readonly ground: SupervisedProcess[];
  private stopping: Promise<void> | null = null;

  private constructor(
    private readonly options: StandaloneOptions,
    private readonly unlock: () => void,
  ) {
    const { config, say } = options;
    this.ground = [
      ...(config.nats.kind === 'own' ? [this.ownNats(config.nats)] : []),
      ...(config.aws.kind === 'embedded' ? [this.embeddedAws(config.aws.port)] : []),
    ];
    const relay = config.eventStore === 'kurrentdb' ? ([RELAY] as const) : [];
    const names = config.isReadOnly ? READING_SERVICES : [...SERVICES, ...relay];
    this.services = names.map((name) => {
      const spec = serviceSpec(name, {
        servicesDir: options.servicesDir,
        env: this.serviceEnv(),
        logFile: logFile(config.dataDir, name),
      });
      return new SupervisedProcess(spec, say);
    });
  }

  /**
   * Starts everything at once; see `untilReady`.
   *
   * @throws StartError when a port or the data directory is taken
   */
  static async start(options: StandaloneOptions): Promise<Standalone> {
    const { dataDir } = options.config;
    mkdirSync(dataDir, { recursive: true });
    const unlock = lockDataDir(dataDir);
    try {
      await stopStaleProcess(staleNatsServer(dataDir), dataDir, options.say);
      await stopStaleProcess(staleEmbeddedAws(dataDir), dataDir, options.say);
      await checkPorts(options.config);
      const standalone = new Standalone(options, unlock);
      for (const process of standalone.processes) process.start();
      return standalone;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /**
   * Resolves when the gateway says that it and every service are ready, or on `interrupt`.
   *
   * @throws StartError when they do not become ready
   */
  untilReady(interrupt: AbortSignal): Promise<void> {
    const { config, say } = this.options;
    const url = gatewayUrl(config);
    const awsUrl = config.aws.kind === 'embedded' ? config.aws.url : null;
    return waitUntilReady(this.processes, {
      url,
      natsUrl: config.nats.url,
      awsUrl,
      say,
      interrupt,
    });
  }

  /** Stops the services, then what they rely on; resolves when no process is left. */
  stop(): Promise<void> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  /** For the impatient: ends every process at once. */
  kill(): void {
    for (const process of this.processes) process.kill();
    this.unlock();
  }

  private get processes(): readonly SupervisedProcess[] {
    return [...this.ground, ...this.services];
  }

  private async stopInOrder(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop(SERVICE_STOP_MS_MAX)));
    await Promise.all(this.ground.map((process) => process.stop(GROUND_STOP_MS_MAX)));
    this.unlock();
  }

  private ownNats(nats: Extract<NatsChoice, { kind: 'own' }>): SupervisedProcess {
    const { config, root, env, say } = this.options;
    const spec = natsServerSpec({
      binary: natsServerBinary(nats.binary, root),
      port: nats.port,
      durability: nats.durability,
      dataDir: config.dataDir,
      logFile: logFile(config.dataDir, 'nats-server'),
      env: { ...env, CORTEX_INSTALLATION: config.dataDir },
    });
    return new SupervisedProcess(spec, say);
  }

  private embeddedAws(port: number): SupervisedProcess {
    const { config, say } = this.options;
    const { dataDir } = config;
    return new SupervisedProcess(embeddedAwsSpec({ dataDir, port, env: this.serviceEnv() }), say);
  }

  private serviceEnv(): NodeJS.ProcessEnv {
    const { config, env, root } = this.options;
    return {
      // Compiled code of the last run: it halves the time a service takes to start.
      NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'),
      ...(config.aws.kind === 'embedded' ? withEmbeddedAws(env, config.aws.url) : env),
      PORT: String(config.port),
      HOST: config.host,
      NATS_URL: config.nats.url,
      CORTEX_DATA_DIR: config.dataDir,
      // Says in every process of this installation which one it belongs to.
      CORTEX_INSTALLATION: config.dataDir,
    };
  }
}
