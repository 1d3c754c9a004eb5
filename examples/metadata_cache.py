"""The metadata cache: methods that a class gets later are seen when the daemon looks at it anew.

Prints:

    the robot can: walk
    it has learned something, but: AttributeError
    the robot can: dance, walk
    la la la
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, expose


@expose
class Robot:
    def walk(self) -> str:
        return "tap tap tap"


@expose
def dance(_robot: Robot) -> str:
    return "la la la"


def main() -> None:
    with Daemon() as daemon:
        uri = daemon.register(Robot(), "robot")
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as robot:
            robot._pyroBind()
            print("the robot can:", ", ".join(sorted(robot._pyroMethods)))

            Robot.dance = dance  # type: ignore[attr-defined]
            try:
                robot.dance()
            except AttributeError:
                print("it has learned something, but: AttributeError")

        daemon.resetMetadataCache("robot")
        with Proxy(uri) as robot:  # proxies learn what there is when they connect
            robot._pyroBind()
            print("the robot can:", ", ".join(sorted(robot._pyroMethods)))
            print(robot.dance())


if __name__ == "__main__":
    main()
