import vue from '@vitejs/plugin-vue';
import Components from 'unplugin-vue-components/vite';
import { ElementPlusResolver, VantResolver } from 'unplugin-vue-components/resolvers';
import { defineConfig, type Plugin } from 'vite';
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The phone shows none of its kit's icons: the font of them, here and at a public server, is left out (25 KB). */
const withoutIconFont: Plugin = {
  name: 'without-icon-font',
  enforce: 'pre',
  transform: (code, id) => (/vant[\\/].*icon[\\/].*\.css/.test(id) ? code.replaceAll(/@font-face\s*\{[^}]*\}/g, '') : null),
};

// RevoGrid and the map worker are elements and files of their own; the kits are taken in part by part.
export default defineConfig({
  plugins: [
    withoutIconFont,
    vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'revo-grid' } } }),
    Components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: 'css' }), VantResolver()] }),
  ],
  resolve: { alias: { '@': at('./src') } },
  build: {
    target: ['chrome92', 'safari15'],
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 1200,
    rollupOptions: { input: { index: at('./index.html'), field: at('./field.html') } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8640', '/ogc': 'http://127.0.0.1:8640' } },
});
