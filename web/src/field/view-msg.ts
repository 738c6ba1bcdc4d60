/** Texts of the photo view; read when a photo is opened, so they stay out of the shell. */
import { words } from '@/domain/msg';

export const tView = words({
  close: ['关闭', 'Close'],
  copy: ['带水印副本', 'Copy with watermark'],
  copy_about: ['另存为副本，原件和哈希值不变；副本不上传、不作证据', 'Saved as a copy; the original and its hash stay. A copy is neither sent nor evidence'],
  copy_word: ['水印副本', 'copy'],
  copy_line: ['水印副本，非原件', 'Copy with watermark, not the original'],
  original: ['原件', 'original'],
  no_position: ['拍摄时未定位', 'no position when taken'],
  saved: ['副本已保存：{name}', 'Copy saved: {name}'],
  shared: ['副本已交给所选应用', 'Copy handed to the chosen program'],
  unshown: ['本机浏览器不能显示 {kind}，原件完好，照常上传', 'This browser cannot show {kind}; the original is whole and is sent as usual'],
  uncopied: ['本机浏览器读不出此格式，不能制作副本', 'This browser cannot read the format: no copy is possible'],
  gone: ['文件已上传，本机不再保存', 'The file was sent and is no longer kept here'],
});
