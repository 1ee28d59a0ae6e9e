"""What the engine knows of images."""

from podman_host import IMAGE, OPINIONATED_IMAGE, PodmanHost
from tisktask_runner.engine.images import Images
from tisktask_runner.engine.pods import Engine


async def test_images_are_there_or_not(engine: Engine) -> None:
    assert await engine.has_image(IMAGE)
    assert not await engine.has_image("localhost/no/such:image")


async def test_an_image_says_how_it_wants_to_run(engine: Engine) -> None:
    config = await engine.image_config(OPINIONATED_IMAGE)
    assert config is not None
    assert (config.workdir, config.user) == ("/srv/place", "1000")
    assert config.environment == {"PATH": "/bin", "COLOUR": "green"}
    plain = await engine.image_config(IMAGE)
    assert plain is not None
    assert (plain.workdir, plain.user) == ("/", "")
    assert await engine.image_config("localhost/no/such:image") is None


async def test_a_program_is_in_an_image_or_not(engine: Engine) -> None:
    assert await engine.path_exists_in_image(IMAGE, "/srv/place/program")
    assert await engine.path_exists_in_image(IMAGE, "/bin/sh")
    assert not await engine.path_exists_in_image(IMAGE, "/srv/place/none")
    assert not await engine.path_exists_in_image("localhost/no/such:image", "/bin/sh")


async def test_libpod_says_the_same_where_layers_can_not_be_seen(engine: Engine) -> None:
    images: Images = engine._images
    config = await engine.image_config(IMAGE)
    assert config is not None
    for path, expected in (("/srv/place/program", True), ("/bin/sh", True), ("/srv/place/none", False)):
        assert await images._exists_by_container(config.image_id, path) is expected


async def test_an_image_is_removed_once_and_not_while_it_is_used(podman_host: PodmanHost, engine: Engine) -> None:
    podman_host.podman("tag", IMAGE, "localhost/tisktask-test:other")
    assert await engine.remove_image("localhost/tisktask-test:other")
    assert not await engine.remove_image("localhost/tisktask-test:other")
    assert await engine.has_image(IMAGE)
    container = podman_host.podman("create", OPINIONATED_IMAGE).strip()
    try:
        assert not await engine.remove_image(OPINIONATED_IMAGE)
    finally:
        podman_host.podman("rm", container)


async def test_the_engine_says_what_it_is(engine: Engine) -> None:
    assert str(await engine.version()).startswith("podman 4.") or str(await engine.version()).startswith("podman 5.")
