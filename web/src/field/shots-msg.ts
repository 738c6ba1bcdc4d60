/** Texts of taking photos, films and voice; read on the screens that do, so they stay out of the shell. */
import { words } from '@/domain/msg';

export const tShots = words({
  look: ['查看 {name}', 'Look at {name}'],
  remove: ['删除', 'Remove'],
  sketch: ['草图', 'Sketch'],
  video: ['视频', 'Video'],
  document: ['文件', 'Document'],
  voice: ['录音', 'Voice'],
  detail: ['细部', 'Detail'],
  limits: ['单个文件不超过 1 GB；原件存入，不压缩、不改动', 'No file over 1 GB; kept as it is, neither shrunk nor changed'],
  too_large: ['未保存：{name} 为 {size}，超过 1 GB 上限', 'Not saved: {name} has {size}, over the limit of 1 GB'],
  empty: ['未保存：{name} 是空文件', 'Not saved: {name} is empty'],
  voice_stop: ['停止录音 {n} s', 'Stop, {n} s'],
  voice_denied: ['浏览器未允许录音', 'The browser allows no recording'],
  video_refused: ['可用空间不足 100 MB，不能录视频，照片可继续拍摄。', 'Less than 100 MB free: no video, photos go on.'],
  same_view: ['同一视角', 'Same view'],
  same_view_off: ['相距 {m} m，方位差 {d}°', '{m} m off · {d}° off'],
});
