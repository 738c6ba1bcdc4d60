import { words } from './msg';

export const tPicture = words({
  copy: ['带水印副本', 'Copy with watermark'],
  copy_about: ['另存为副本，原件不变', 'Saved as a copy; the original stays'],
  copy_word: ['水印副本', 'copy'],
  copy_line: ['水印副本，非原件', 'Copy with watermark, not the original'],
  original: ['原件', 'original'],
  no_position: ['无位置信息', 'no position'],
  download: ['下载原件', 'Download the original'],
  unnamed: ['文件 {sha}', 'File {sha}'],
});
