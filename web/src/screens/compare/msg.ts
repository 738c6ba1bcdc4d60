import { words } from '@/domain/msg';

export const t = words({
  title: ['影像对比', 'Compare imagery'],
  hint: ['选择前后两期影像（PNG、JPG）。有坐标文件（.pgw、.jgw、.wld）一并选上即按坐标叠放；影像只在本机浏览器中打开，不上传', 'Choose two pictures (PNG, JPG). With world files (.pgw, .jgw, .wld) they are laid by coordinates; pictures stay in this browser and are not uploaded'],
  before: ['前期影像', 'Before'],
  after: ['后期影像', 'After'],
  choose: ['选择文件', 'Choose files'],
  swipe: ['卷帘位置', 'Swipe'],
  bounds: ['四至（西 南 东 北，度）', 'West south east north, degrees'],
  no_world: ['没有坐标文件，按下方四至叠放，可修改', 'No world file: laid on the bounds below, which you may change'],
  apply: ['按四至叠放', 'Lay on the bounds'],
  wrong_bounds: ['四至应为四个数，西小于东、南小于北', 'Four numbers, west below east and south below north'],
  waiting: ['两期影像都选好后，拖动卷帘对比', 'Choose both pictures, then drag the swipe'],
});
