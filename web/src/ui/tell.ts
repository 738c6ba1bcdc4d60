/** Short notices at the top of the page. */
import { ElMessage } from 'element-plus/es/components/message/index.mjs';
import 'element-plus/es/components/message/style/css';

import { sentenceOf } from './problem';

export const tell = (text: string): void => void ElMessage({ message: text, type: 'success', grouping: true });

export const tellProblem = (problem: unknown): void =>
  void ElMessage({ message: sentenceOf(problem), type: 'error', duration: 8000, showClose: true, grouping: true });
