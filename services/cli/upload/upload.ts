import type { Command } from 'commander';
import { type Cli, commonOptions, examples, UsageError } from '../cli.ts';
import type { S3Uploader } from './s3-uploader.ts';
import { parseTarget, type PlannedFile, planUpload, type Target } from './upload-plan.ts';
import { createUploadProgress, sizeText } from './upload-progress.ts';

/** More would wait for the same line. */
const FILES_AT_A_TIME = 4;

interface UploadOptions {
  readonly recursive?: true;
  readonly createBucket?: true;
}

export function addUploadCommand(program: Command, cli: Cli): void {
  program
    .command('upload')
    .description('Put files into S3: that of npm start, or the one that AWS is configured for.')
    .argument('<file...>', 'files, and then where to: s3://BUCKET/PREFIX/ or s3://BUCKET/KEY')
    .option('-r, --recursive', 'upload what is in folders, below the prefix as below the folder')
    .option('--create-bucket', 'create the bucket when it is missing; npm start always does')
    .addHelpText(
      'after',
      examples(
        'cortex upload rows.ndjson s3://data/2026/',
        'cortex upload -r photos s3://data/photos/',
        'AWS_PROFILE=work cortex upload *.ndjson.gz s3://my-bucket/rows/',
      ),
    )
    .action((paths: string[], options: UploadOptions, command: Command) =>
      upload(cli, command, { paths, ...options }),
    );
}

async function upload(
  cli: Cli,
  command: Command,
  { paths, recursive, createBucket }: UploadOptions & { readonly paths: readonly string[] },
): Promise<void> {
  if (paths.length < 2) throw new UsageError('give files, and then where to: s3://BUCKET/PREFIX/');
  const target = parseTarget(paths.at(-1) ?? '');
  const files = await planUpload(paths.slice(0, -1), target, { isRecursive: recursive === true });
  // AWS's libraries take a while to load: other commands do without them.
  const [{ loadUploadConfig }, { S3Uploader: Uploader }] = await Promise.all([
    import('./upload.config.ts'),
    import('./s3-uploader.ts'),
  ]);
  const config = loadUploadConfig(cli.env);
  const uploader = await Uploader.open(config, target);
  try {
    if (createBucket === true || config.choice.kind === 'embedded') await uploader.createBucket();
    await uploadAll(cli, command, { uploader, target, files });
  } finally {
    uploader.close();
  }
}

interface Job {
  readonly uploader: S3Uploader;
  readonly target: Target;
  readonly files: readonly PlannedFile[];
}

/** The first failure ends the others too. */
async function uploadAll(cli: Cli, command: Command, { uploader, target, files }: Job) {
  const { output } = commonOptions(command);
  const failed = new AbortController();
  const progress = createUploadProgress(cli.terminal, files);
  const lines: string[] = [];
  const waiting = files.values();
  const work = async (): Promise<void> => {
    for (const planned of waiting) {
      if (failed.signal.aborted) return;
      const { etag } = await uploader.upload(planned, failed.signal, (sentBytes) =>
        progress.show(planned, sentBytes),
      );
      const path = `s3://${target.bucket}/${planned.key}`;
      const { file, sizeBytes } = planned;
      const line =
        output === 'json'
          ? JSON.stringify({ path, file, size_bytes: sizeBytes, etag })
          : `${path}  ${sizeText(sizeBytes)}`;
      // A bar is drawn over: what has been done is told when it has gone.
      if (cli.terminal.isInteractive) lines.push(line);
      else cli.terminal.print(line);
    }
  };
  try {
    await Promise.all(
      Array.from({ length: FILES_AT_A_TIME }, () =>
        work().catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      ),
    );
  } finally {
    progress.end();
    for (const line of lines) cli.terminal.print(line);
  }
}
