/** @type {import('next').NextConfig} */
export default {
  images: { deviceSizes: [640, 1080, 3840], minimumCacheTTL: 31536 },
  async rewrites() {
    return [{ source: '/api/:path*', destination: 'http://localhost:4001/:path*' }];
  },
};
