"""python -m rectifold"""

from rectifold.cli.main import main

main()
