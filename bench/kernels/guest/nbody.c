/* Planets under gravity: doubles, square roots, divisions. */
#include "bench.h"
struct body { double x, y, z, vx, vy, vz, mass; };
static struct body bodies[5] = {
  { 0, 0, 0, 0, 0, 0, 39.47841760435743 },
  { 4.84143144246472090, -1.16032004402742839, -0.103622044471123109, 0.606326392995832, 2.81198684491626, -0.02521836165988763, 0.03769367487038949 },
  { 8.34336671824457987, 4.12479856412430479, -0.403523417114321381, -1.01077434617879, 1.82566237123041, 0.008415761376584154, 0.011286326131968767 },
  { 12.8943695621391310, -15.1111514016986312, -0.223307578892655734, 1.08279100644154, 0.868713018169608, -0.01083263740136364, 0.0017237240570597112 },
  { 15.3796971148509165, -25.9193146099879641, 0.179258772950371181, 0.979090732243898, 0.594698998647676, -0.03475595555078104, 0.0020336868699246304 } };
u64 kernel(void)
{
  for (int step = 0; step < 1650000; step++) {
    for (int i = 0; i < 5; i++) {
      struct body *p = &bodies[i];
      for (int j = i + 1; j < 5; j++) {
        struct body *q = &bodies[j];
        double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
        double square = dx * dx + dy * dy + dz * dz;
        double pull = 0.01 / (square * __builtin_sqrt(square));
        p->vx -= dx * q->mass * pull;
        p->vy -= dy * q->mass * pull;
        p->vz -= dz * q->mass * pull;
        q->vx += dx * p->mass * pull;
        q->vy += dy * p->mass * pull;
        q->vz += dz * p->mass * pull;
      }
    }
    for (int i = 0; i < 5; i++) {
      struct body *p = &bodies[i];
      p->x += 0.01 * p->vx;
      p->y += 0.01 * p->vy;
      p->z += 0.01 * p->vz;
    }
  }
  u64 sum = 0;
  for (int i = 0; i < 5; i++) sum = sum * 31 + bits(bodies[i].x) + bits(bodies[i].vz);
  return sum;
}
