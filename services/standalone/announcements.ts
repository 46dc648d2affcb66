import { join } from 'node:path';
import {
  AWS_PORT_DEFAULT,
  type AwsChoice,
  embeddedAwsVariables,
} from '#libs/platform/aws/aws-choice.ts';
import { gatewayUrl, type NatsChoice, type StandaloneConfig } from './standalone.config.ts';

type Say = (line: string) => void;

export function announceStart({ dataDir, nats }: StandaloneConfig, say: Say): void {
  const durability = nats.kind === 'own' ? `, durability ${nats.durability}` : '';
  say(`Starting Cortex Batch on ${dataDir}${durability} ...`);
}

export function announceReady(
  config: StandaloneConfig,
  { tookMs, say }: { readonly tookMs: number; readonly say: Say },
): void {
  const url = gatewayUrl(config);
  say(`
Cortex Batch is ready after ${(tookMs / 1000).toFixed(1)} s.

  gateway     ${url}   (${url}/openapi.json)
  nats        ${config.nats.url}${config.nats.kind === 'given' ? '   (not started by us)' : ''}
  s3, sqs     ${awsText(config.aws)}
  durability  ${durabilityText(config.nats)}
  data        ${config.dataDir}
  logs        ${join(config.dataDir, 'logs')}

  deploy      ${urlPrefix(config)}bin/cortex deploy examples/vega-summary/cortex.yaml
  submit      ${urlPrefix(config)}bin/cortex submit API -f job.json --wait
  look        ${urlPrefix(config)}bin/cortex get
${awsLines(config.aws)}
Ctrl-C stops everything.
`);
}

function awsText(aws: AwsChoice): string {
  return aws.kind === 'embedded'
    ? `${aws.url}   (on this machine, nothing goes to AWS; CORTEX_AWS=configured uses yours)`
    : `as AWS is configured: ${aws.because}   (CORTEX_AWS=embedded runs them on this machine)`;
}

/** What a shell needs for the AWS CLI, on one line to copy. */
function awsLines(aws: AwsChoice): string {
  if (aws.kind === 'configured') return '';
  const variables = Object.entries(embeddedAwsVariables(aws.url));
  const line = variables.map(([name, value]) => `${name}=${value}`).join(' ');
  return `  upload      ${aws.port === AWS_PORT_DEFAULT ? '' : `AWS_PORT=${aws.port} `}bin/cortex upload FILE s3://BUCKET/PREFIX/\n  aws cli     export ${line}\n`;
}

function durabilityText(nats: NatsChoice): string {
  if (nats.kind === 'given') return 'as that server is set up';
  return nats.durability === 'safe'
    ? 'safe: every write is on disk before it is acknowledged'
    : 'fast: survives the death of any process; CORTEX_DURABILITY=safe also survives a power cut';
}

/** The CLI needs to be told only of an address that is not its default. */
function urlPrefix(config: StandaloneConfig): string {
  return config.port === 8888 ? '' : `CORTEX_URL=${gatewayUrl(config)} `;
}
