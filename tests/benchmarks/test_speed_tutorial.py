"""The tutorials' code is found by what it holds, in a folder that may look different elsewhere."""

import ast

import pytest
from peers import tutorial

PAGE = """# Title
```python
%matplotlib inline
import a_library_that_is_nowhere
import math
class FM(nn.Module):
    size = math.floor(2.5)
print("not executed")
```
words
```python
class StepRunner:
    pass
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
```
"""


def test_blocks_come_without_a_notebooks_commands() -> None:
    first, second = tutorial.code_blocks(PAGE)
    assert "%matplotlib" not in first
    assert second.startswith("class StepRunner")


def test_the_tutorial_is_chosen_by_the_class_that_it_trains(tmp_path) -> None:
    (tmp_path / "0.txt").write_text("```python\nclass FM(nn.Module):\n    pass\n```")
    (tmp_path / "1.txt").write_text(PAGE)
    assert len(tutorial.tutorial_with(tmp_path, "FM")) == 2
    with pytest.raises(FileNotFoundError, match="DeepCross"):
        tutorial.tutorial_with(tmp_path, "DeepCross")


def test_only_definitions_are_executed_and_missing_libraries_passed_over(capsys) -> None:
    names = {"nn": __import__("torch").nn}
    for block in tutorial.code_blocks(PAGE):
        tutorial.execute(tutorial.statements(block, tutorial.DEFINITIONS), names)
    assert names["FM"].size == 2
    assert "optimizer" not in names
    assert capsys.readouterr().out == ""
    assert [type(node) for node in tutorial.statements("a = 1\nb", (ast.Assign,))] == [ast.Assign]
