import { apiDeployed, apiSpec } from './api-events.schema.ts';
import { batchEnqueued } from './batch-events.schema.ts';
import { enqueuingCompleted, itemListSource, jobSubmitted } from './job-events.schema.ts';

// What stands in logs that earlier versions of the platform wrote. None of these ever changes.

export const jobSubmittedV2 = jobSubmitted.omit({ onCompleteUrl: true });

export const jobSubmittedV1 = jobSubmittedV2
  .omit({ parentJobId: true })
  .extend({ source: itemListSource });

export const apiDeployedV2 = apiDeployed.extend({ spec: apiSpec.omit({ webhooks: true }) });

export const apiDeployedV1 = apiDeployed.extend({
  spec: apiSpec.omit({ webhooks: true, labels: true }),
});

export const enqueuingCompletedV1 = enqueuingCompleted.omit({ skippedLineCount: true });

export const batchEnqueuedV1 = batchEnqueued.omit({ skippedLineCount: true });
