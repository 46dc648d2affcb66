import { chaosOf } from './chaos-seeds.ts';

chaosOf([2, 4, 6, 8, 10]);
