import type { AwsConfig } from '#libs/platform/aws/aws-config.ts';
import type { InputFile, InputFileContent, InputFiles, InputLocation } from './input-files.port.ts';

/**
 * The users' files in S3. AWS's client takes as long to load as a service to start, so it is loaded
 * when the first job wants a file.
 */
export function openInputFiles(config: AwsConfig): InputFiles {
  return new InputFilesOnUse(async () => {
    const [{ s3Client }, { S3InputFiles }] = await Promise.all([
      import('#libs/platform/aws/s3-client.ts'),
      import('./s3/s3-input-files.ts'),
    ]);
    return new S3InputFiles(s3Client(config));
  });
}

class InputFilesOnUse implements InputFiles {
  private opened: Promise<InputFiles> | null = null;

  constructor(private readonly open: () => Promise<InputFiles>) {}

  async *list(
    location: InputLocation,
    after: string | null,
    signal: AbortSignal,
  ): AsyncIterable<readonly InputFile[]> {
    yield* (await this.files()).list(location, after, signal);
  }

  async read(file: InputFile, offsetBytes: number, signal: AbortSignal): Promise<InputFileContent> {
    return (await this.files()).read(file, offsetBytes, signal);
  }

  private files(): Promise<InputFiles> {
    return (this.opened ??= this.open());
  }
}
