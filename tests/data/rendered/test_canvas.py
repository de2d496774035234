import numpy as np
import pytest

from inphase.data.rendered.canvas import Camera, Canvas, Light, Polygon, ball, box, cylinder

EYE = np.array([0.0, 5.0, 0.0])
WHITE = (255.0, 255.0, 255.0)


def canvas(direction: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> Canvas:
    """200 x 200 pixels, black and empty, looking from +y at the origin: 100 pixels per metre."""
    camera = Camera.look_at(EYE, np.zeros(3), 0.0, 500.0, (100.0, 100.0))
    light = Light(np.array(direction), 0.5, 0.5, (1.0, 1.0, 1.0))
    return Canvas(
        np.zeros((200, 200, 3), np.float32), np.full((200, 200), 1e3, np.float32), camera, light
    )


def test_up_is_up_and_the_right_of_who_faces_us_is_on_our_left():
    up, right = canvas().camera.project(np.array([[0, 0, 1.0], [1.0, 0, 0]]))
    np.testing.assert_allclose(up, [100, 0, 5], atol=1e-9)
    np.testing.assert_allclose(right, [0, 100, 5], atol=1e-9)


def test_a_ball_covers_a_disc_and_is_as_near_as_its_front():
    shot = canvas()
    shot.draw([ball(np.zeros(3), 0.5, WHITE)])
    assert (shot.depth < 100).sum() == pytest.approx(np.pi * 50**2, rel=0.01)
    assert shot.depth.min() == pytest.approx(4.5, abs=0.01)


def test_brightness_grows_with_the_cosine_to_the_lamp():
    shot = canvas((0.0, 0.0, 1.0))
    shot.draw([ball(np.zeros(3), 0.5, WHITE)])
    rows = np.arange(52, 100)
    np.testing.assert_allclose(shot.colour[rows, 100, 0], 127.5 * (1 + (100 - rows) / 50), atol=0.5)
    np.testing.assert_allclose(shot.colour[130, 100, 0], 127.5, atol=0.5)


def test_the_nearer_part_hides_the_farther_in_any_order():
    near = ball(np.array([0, 1.0, 0]), 0.3, (255.0, 0.0, 0.0))
    far = ball(np.array([0, -1.0, 0]), 0.8, (0.0, 255.0, 0.0))
    first, second = canvas(), canvas()
    first.draw([near, far])
    second.draw([far, near])
    np.testing.assert_array_equal(first.colour, second.colour)
    assert first.colour[100, 100, 0] > 0 and first.colour[100, 100, 1] == 0


def test_a_see_through_part_mixes_with_what_is_behind_and_hides_nothing():
    corners = np.array([[-1, 1.0, -1], [1, 1.0, -1], [1, 1.0, 1], [-1, 1.0, 1]])
    shot = canvas()
    shot.draw([Polygon(corners, (255.0, 0.0, 0.0), 0.25), ball(np.zeros(3), 0.5, WHITE)])
    np.testing.assert_allclose(shot.colour[100, 100], [255, 191.25, 191.25], atol=2)
    assert shot.depth[100, 100] == pytest.approx(4.5, abs=0.01)


def test_a_polygon_is_seen_from_both_sides_at_its_exact_depth():
    slanted = np.array([[-0.5, 1.0, -0.5], [0.5, -1.0, -0.5], [0.5, -1.0, 0.5], [-0.5, 1.0, 0.5]])
    for corners in (slanted, slanted[::-1]):
        shot = canvas()
        shot.draw([Polygon(corners, WHITE)])
        assert shot.depth[100, 100] == pytest.approx(5.0, rel=1e-3)
        # The ray through column 140 meets the plane y = -2 x where x = -0.08 (5 - y).
        x = -0.08 * 5 / (1 + 0.16)
        assert shot.depth[100, 140] == pytest.approx(5 + 2 * x, rel=1e-3)


def test_a_box_has_the_outline_of_its_front():
    shot = canvas()
    shot.draw(box(np.array([-0.4, -0.5, -0.4]), np.array([0.4, 0.0, 0.4]), WHITE))
    assert (shot.depth < 100).sum() == pytest.approx(80**2, rel=0.04)


def test_a_leaning_cylinder_covers_what_a_mesh_of_its_side_covers():
    a, b, radius = np.array([0, -0.4, -0.3]), np.array([0.1, 0.4, 0.3]), 0.25
    drawn, mesh = canvas(), canvas()
    drawn.draw(cylinder(a, b, radius, radius, WHITE))
    axis = (b - a) / np.linalg.norm(b - a)
    u = np.cross(axis, [1.0, 0, 0])
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    ring = [radius * (np.cos(t) * u + np.sin(t) * v) for t in np.linspace(0, 2 * np.pi, 61)]
    faces = [np.stack([a + p, a + q, b + q, b + p]) for p, q in zip(ring, ring[1:], strict=False)]
    ends = [np.stack([end + p for p in ring[:-1]]) for end in (a, b)]
    mesh.draw([Polygon(corners, WHITE) for corners in faces + ends])
    one, other = drawn.depth < 100, mesh.depth < 100
    assert (one & other).sum() / (one | other).sum() > 0.94


def test_parts_outside_the_picture_leave_it_as_it_was():
    shot = canvas()
    shot.draw([ball(np.array([30.0, 0, 0]), 0.5, WHITE)])
    assert not shot.colour.any()
