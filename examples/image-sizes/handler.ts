import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageSize, imageSize } from './image-size.ts';
import { getStart } from './s3-get.ts';

/** Cameras write up to 64 KiB about a photograph before the photograph. */
const START_BYTES = 256 * 1024;

interface Config {
  /** Folder that all workers can write to. Everything goes into a folder of the job's own in it. */
  readonly output_dir?: string;
}

type Image = ImageSize & { readonly path: string };

/** Measures images: a payload is a list of S3 paths, and the handler reads the objects itself. */
export default class ImageHandler {
  private readonly folder: string;

  constructor(config: Config, jobSpec: { readonly job_id: string }) {
    if (config.output_dir === undefined) throw new Error('config.output_dir must be given');
    this.folder = join(config.output_dir, jobSpec.job_id);
    mkdirSync(join(this.folder, 'parts'), { recursive: true });
  }

  async handleBatch(paths: readonly string[], batchId: string): Promise<void> {
    const images = await Promise.all(
      paths.map(async (path): Promise<Image> => {
        return { path, ...imageSize(await getStart(path, START_BYTES)) };
      }),
    );
    writeWhole(join(this.folder, 'parts', `${batchId}.json`), JSON.stringify(images));
  }

  onJobComplete(): void {
    const images = readdirSync(join(this.folder, 'parts'))
      .filter((name) => name.endsWith('.json'))
      .flatMap((name): Image[] =>
        JSON.parse(readFileSync(join(this.folder, 'parts', name), 'utf8')),
      )
      .toSorted((a, b) => a.path.localeCompare(b.path));
    const text = imagesText(images);
    writeWhole(join(this.folder, 'result.json'), `${JSON.stringify(images, null, 2)}\n`);
    writeWhole(join(this.folder, 'result.txt'), `${text}\n`);
    console.log(text);
  }
}

function imagesText(images: readonly Image[]): string {
  const pixels = images.reduce((sum, { width, height }) => sum + width * height, 0);
  const lines = images.map(({ path, format, width, height }) => {
    return `${`${width} x ${height}`.padStart(11)}  ${format.padEnd(4)}  ${path}`;
  });
  return [`${images.length} images, ${pixels.toLocaleString('en-US')} pixels`, '', ...lines].join(
    '\n',
  );
}

/** Nobody ever sees half a file, even when this process is killed here. */
function writeWhole(file: string, content: string): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}
