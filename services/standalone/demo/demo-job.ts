/** One example of the demonstration. Its folder has a cortex.yaml and a make-job.mjs. */
export interface DemoJob {
  /** Name of the API, of the example's folder and of the folder that it writes to. */
  readonly api: string;
  readonly title: string;
  /** Where the files that `make-job.mjs` has written to `input/` belong; `null` when there are none. */
  readonly uploadTo: string | null;
  /** What the handler's on-job-complete writes, in a folder named after the job. */
  readonly resultFile: string;
  /** Whether a `check.mjs` compares `result.json` with the source. */
  readonly hasCheck: boolean;
}

export const DEMO_JOBS: readonly DemoJob[] = [
  {
    api: 'vega-summary',
    title: 'items in the request: 3,201 films',
    uploadTo: null,
    resultFile: 'summary.txt',
    hasCheck: false,
  },
  {
    api: 'flight-delays',
    title: 'delimited files in S3: 200,000 flights, a row a line',
    uploadTo: 's3://cortex-demo/flights/',
    resultFile: 'result.txt',
    hasCheck: true,
  },
  {
    api: 'image-sizes',
    title: 'paths of files in S3: the images among them',
    uploadTo: 's3://cortex-demo/images/',
    resultFile: 'result.txt',
    hasCheck: true,
  },
];
