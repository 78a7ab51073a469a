// What commands outside the tests use of this folder. Tests take fixture.ts.
export { startControlPlane, type ControlPlane } from './control-plane.ts'
