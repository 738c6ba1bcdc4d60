/** Short notices at the top of the page. */
import { ElMessage } from 'element-plus/es/components/message/index.mjs';
import 'element-plus/es/components/message/style/css';

import { sentenceOf } from './problem';

const BELOW_HEADER = 64;

export const tell = (text: string): void => void ElMessage({ message: text, type: 'success', grouping: true, offset: BELOW_HEADER });

export const tellProblem = (problem: unknown): void =>
  void ElMessage({ message: sentenceOf(problem), type: 'error', duration: 8000, offset: BELOW_HEADER, showClose: true, grouping: true });
